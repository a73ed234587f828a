"""Many runs cancelled or resumed at once: each by itself, and each answered for."""

from __future__ import annotations

from collections.abc import Callable

from synapse.contracts.bulk import BulkCancelRequest, BulkItem, BulkOutcome, BulkRequest, BulkResult
from synapse.contracts.run import Failure, RunFilter, RunState
from synapse.errors import InvalidInput, NotFound
from synapse.service.runs import Runs


class Bulk:
    """What is done to many runs of the caller's tenant. Blocks on the database.

    It is not one transaction: what one run refuses is no reason to leave the others as they are.
    """

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    def cancel(self, request: BulkCancelRequest) -> BulkResult:
        """Stop them; of a filter's runs those that are under way."""

        def stop(run: str) -> BulkOutcome:
            return BulkOutcome.DONE if self.runs.stop(run, request.reason) else BulkOutcome.UNCHANGED

        return self._each(request, (RunState.RUNNING,), stop)

    def resume(self, request: BulkRequest) -> BulkResult:
        """Go on with them; of a filter's runs with those that failed or were cancelled."""

        def reopen(run: str) -> BulkOutcome:
            self.runs.reopen(run)
            return BulkOutcome.DONE

        return self._each(request, (RunState.FAILED, RunState.CANCELLED), reopen)

    def _each(self, request: BulkRequest, states: tuple[RunState, ...], do: Callable[[str], BulkOutcome]) -> BulkResult:
        ids, more = self._chosen(request, states)
        return BulkResult(items=tuple(self._one(run, do) for run in ids), next=more)

    def _chosen(self, request: BulkRequest, states: tuple[RunState, ...]) -> tuple[list[str], str | None]:
        if request.ids is not None:
            return list(dict.fromkeys(request.ids)), None
        wanted = request.filter or RunFilter()
        # Runs in another state would only be refused one by one.
        left = tuple(state for state in wanted.state or states if state in states)
        if not left:
            return [], None
        ids, more = self.runs.ids(wanted.model_copy(update={"state": left}), request.limit, request.cursor)
        return list(ids), more

    def _one(self, run: str, do: Callable[[str], BulkOutcome]) -> BulkItem:
        try:
            outcome = do(run)
            return BulkItem(id=run, outcome=outcome, state=self.runs.state(run))
        except NotFound as error:
            return BulkItem(id=run, outcome=BulkOutcome.REFUSED, error=Failure(code=error.code, message=str(error)))
        except InvalidInput as error:
            failure = Failure(code=error.code, message=str(error))
            return BulkItem(id=run, outcome=BulkOutcome.REFUSED, state=self.runs.state(run), error=failure)
