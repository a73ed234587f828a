"""Which runs a command is about: ids, or what a filter matches."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from synapse.cli.exits import Exit, Usage
from synapse.cli.filters import Filters

if TYPE_CHECKING:
    from pydantic import BaseModel

    from synapse.contracts.bulk import BulkResult

    Model = TypeVar("Model", bound=BaseModel)

AllMatching = Annotated[bool, typer.Option("--all-matching", help="Instead of ids: every run that the filters match.")]

_AT_ONCE: Final = 200


@dataclass
class Chosen:
    """The runs of a command: ``filter`` is None when they are named by their ids."""

    ids: tuple[str, ...]
    filter: dict[str, Any] | None
    next: str | None = None

    def requests(self) -> Iterator[dict[str, Any]]:
        """What to ask for, one request after the other; `next` is set from each answer."""
        if self.filter is None:
            for start in range(0, len(self.ids), _AT_ONCE):
                yield {"ids": self.ids[start : start + _AT_ONCE]}
            return
        yield {"filter": self.filter, "limit": _AT_ONCE}
        while self.next is not None:
            yield {"filter": self.filter, "limit": _AT_ONCE, "cursor": self.next}


def chosen(ids: list[str] | None, all_matching: bool, filters: Filters) -> Chosen:
    """What was chosen. Raises Usage for both, for neither, and for every run there is: that takes a filter that says so."""
    given = {name: value for name, value in filters.items() if value}
    if bool(ids) == all_matching:
        raise Usage("name runs, or give --all-matching with filters", remedy="synapse runs cancel --all-matching --label team:sales")
    if not all_matching and given:
        raise Usage("filters are for --all-matching", remedy="leave them out, or leave out the ids")
    if all_matching and not given:
        raise Usage("--all-matching needs a filter", remedy="for every run, say --state with the states")
    if not all_matching:
        return Chosen(tuple(ids or ()), None)
    from synapse.contracts.run import RunFilter

    return Chosen((), checked(RunFilter, given).model_dump(mode="json", exclude_defaults=True))


def checked(model: type[Model], values: dict[str, Any]) -> Model:
    """What was typed as a request's model. Raises Usage, naming what is wrong."""
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Usage(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error


def bulk(results: Iterable[BulkResult], wanted: Chosen, *, as_json: bool) -> None:
    """Say of each run what became of it, a line each. Exits with 1 when a run was refused."""
    refused = 0
    for result in results:
        wanted.next = result.next
        for item in result.items:
            refused += item.outcome == "refused"
            why = f" {item.error.message}" if item.error is not None else ""
            sys.stdout.write((item.model_dump_json() if as_json else f"{item.id} {item.outcome} {item.state or '-'}{why}") + "\n")
        sys.stdout.flush()
    if refused:
        raise typer.Exit(Exit.FAILED)
