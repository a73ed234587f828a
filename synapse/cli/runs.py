"""``synapse runs``: list, show, watch, label, cancel, resume."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from synapse.cli.choosing import After, AllMatching, Before, Labels, Search, States, WorkflowName, bulk, checked, chosen

if TYPE_CHECKING:
    from synapse.cli.client import Api

app = typer.Typer(no_args_is_help=True, help="Find runs, look at them, watch, label, cancel and resume them.")
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def _api() -> Api:
    from synapse.cli.client import Api
    from synapse.telemetry import logs

    logs.configure(quiet=True)
    return Api.from_settings()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


@app.command("list")
def listed(
    state: States = None,
    workflow: WorkflowName = None,
    label: Labels = None,
    search: Search = None,
    after: After = None,
    before: Before = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Runs at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        page = api.runs(
            state=state,
            workflow=workflow,
            label=label,
            search=search,
            created_after=after,
            created_before=before,
            limit=limit,
            cursor=cursor,
        )
    if as_json:
        _say(page.model_dump_json())
    else:
        consoles.out().print(run_view.page(page), soft_wrap=True)


@app.command("show")
def show(run: Run, as_json: AsJson = False) -> None:
    """Show a run with every step."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        found = api.run(run)
    if as_json:
        _say(found.model_dump_json())
    else:
        consoles.out().print(run_view.detail(found), soft_wrap=True)


@app.command("watch")
def watch(
    run: Run,
    after: Annotated[int, typer.Option("--after", min=0, help="With --json: only events above this number.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
) -> None:
    """Follow a run until it ends; exit code 3 when it did not succeed."""
    from synapse.cli import asking, consoles

    with _api() as api:
        if not as_json:
            asking.watch(consoles.err(), api, run)
            return
        for event in api.stream(run, after):
            _say(event.model_dump_json())
            sys.stdout.flush()
        asking.succeeded(api.run(run))


@app.command("steps")
def steps(
    run: Run,
    state: Annotated[str | None, typer.Option("--state", help="ready, waiting, running, succeeded, skipped or failed.")] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only steps of this agent.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Steps at most.")] = 100,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the steps of a run: how long each waited and ran, and how often it was tried."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        page = api.steps(run, state=state, agent=agent, limit=limit, cursor=cursor)
    if as_json:
        _say(page.model_dump_json())
    else:
        consoles.out().print(run_view.steps(page), soft_wrap=True)


@app.command("step")
def step(
    run: Run, step: Annotated[str, typer.Argument(metavar="STEP", help="Its place, e.g. 'read[0]'.")], as_json: AsJson = False
) -> None:
    """Show a step with its input, its output and each of its attempts."""
    from synapse.cli import consoles, run_view

    with _api() as api:
        found = api.step(run, step)
    if as_json:
        _say(found.model_dump_json())
    else:
        consoles.out().print(run_view.step(found), soft_wrap=True)


@app.command("label")
def label(
    run: Run,
    labels: Annotated[list[str], typer.Argument(metavar="LABEL...", help="key:value sets a label, key alone takes it away.")],
    as_json: AsJson = False,
) -> None:
    """Set labels of a run, or take them away."""
    change = {key: value if colon else None for key, colon, value in (each.partition(":") for each in labels)}
    with _api() as api:
        found = api.label(run, change)
    _say(found.model_dump_json() if as_json else " ".join([found.id, *(f"{key}:{value}" for key, value in found.labels.items())]))


@app.command("cancel")
def cancel(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids of runs.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Kept with the run.")] = "cancelled on request",
    all_matching: AllMatching = False,
    state: States = None,
    workflow: WorkflowName = None,
    label: Labels = None,
    search: Search = None,
    after: After = None,
    before: Before = None,
    as_json: AsJson = False,
) -> None:
    """Stop runs; one that has ended stays as it is."""
    wanted = chosen(runs, all_matching, state=state, workflow=workflow, label=label, search=search, after=after, before=before)
    with _api() as api:
        if runs and len(runs) == 1:
            found = api.cancel(runs[0], reason)
            _say(found.model_dump_json() if as_json else f"{found.id} {found.state}")
            return
        from synapse.contracts.bulk import BulkCancelRequest

        asked = ({**each, "reason": reason} for each in wanted.requests())
        bulk((api.cancel_many(checked(BulkCancelRequest, each)) for each in asked), wanted, as_json=as_json)


@app.command("resume")
def resume(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids of runs.")] = None,
    all_matching: AllMatching = False,
    state: States = None,
    workflow: WorkflowName = None,
    label: Labels = None,
    search: Search = None,
    after: After = None,
    before: Before = None,
    as_json: AsJson = False,
) -> None:
    """Go on with failed or cancelled runs from their last good steps."""
    wanted = chosen(runs, all_matching, state=state, workflow=workflow, label=label, search=search, after=after, before=before)
    with _api() as api:
        if runs and len(runs) == 1:
            found = api.resume(runs[0])
            _say(found.model_dump_json() if as_json else f"{found.id} {found.state}")
            return
        from synapse.contracts.bulk import BulkRequest

        bulk((api.resume_many(checked(BulkRequest, each)) for each in wanted.requests()), wanted, as_json=as_json)
