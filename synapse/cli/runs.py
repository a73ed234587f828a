"""``synapse runs``: list, start, show, watch, label, cancel, resume, and signals to those that wait."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synapse.cli import completing
from synapse.cli.choosing import AllMatching, bulk, checked, chosen
from synapse.cli.filters import Filters, filtered
from synapse.cli.opening import Open
from synapse.cli.session import connected, say

if TYPE_CHECKING:
    from synapse.cli.client import Api
    from synapse.contracts.waits import Signal

app = typer.Typer(
    no_args_is_help=True, help="Find and start runs, look at them, watch, label, cancel and resume them, and answer those that wait."
)
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="What is to be decided, as 'synapse runs show' has it; only needed where it is several.",
        autocompletion=completing.signals,
    ),
]
_STEP_STATES = "ready, waiting, running, succeeded, skipped or failed."
Comment = Annotated[str | None, typer.Option("--comment", help="Why; kept with the decision.")]
By = Annotated[str | None, typer.Option("--by", help="Who decided, where that is not you.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", autocompletion=completing.runs)]
Runs = Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids of runs.", autocompletion=completing.runs)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("list")
@filtered
def listed(
    filters: Filters,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Runs at most.")] = 20,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from synapse.cli import consoles, run_view

    with connected() as api:
        page = api.runs(limit=limit, cursor=cursor, **filters)
    if as_json:
        say(page.model_dump_json())
    else:
        consoles.out().print(run_view.page(page), soft_wrap=True)


@app.command("start")
def start(
    workflow: Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow's name.", autocompletion=completing.workflows)],
    given: Annotated[str | None, typer.Option("--input", help="Its input as JSON, or @FILE to read it from there (@- from stdin).")] = None,
    label: Annotated[list[str] | None, typer.Option("--label", help="key:value, to find the run by; may be given again.")] = None,
    key: Annotated[str | None, typer.Option("--idempotency-key", help="The same key gives the same run again.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait: print the run's id.")] = False,
    open_page: Open = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as JSON.")] = False,
) -> None:
    """Start a run of any workflow, watch it work, print its output as JSON; exit code 3 when it did not succeed."""
    from synapse.cli import asking, consoles
    from synapse.contracts.run import RunRequest

    labels = dict(each.partition(":")[::2] for each in label or ())
    request = checked(RunRequest, {"workflow": workflow, "input": _json(given, "--input") or {}, "labels": labels})
    with connected() as api:
        begun = asking.begin if detach else asking.ask
        run = begun(consoles.err(), api, request, key=key, open_page=open_page)
    say(run.model_dump_json() if as_json else run.id if detach else json.dumps(run.output, indent=2, ensure_ascii=False))


@app.command("show")
def show(run: Run, as_json: AsJson = False) -> None:
    """Show a run with every step."""
    from synapse.cli import consoles, run_view

    with connected() as api:
        found = api.run(run)
    if as_json:
        say(found.model_dump_json())
    else:
        consoles.out().print(run_view.detail(found), soft_wrap=True)


@app.command("watch")
def watch(
    run: Run,
    after: Annotated[int, typer.Option("--after", min=0, help="With --json: only events above this number.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
    open_page: Open = False,
) -> None:
    """Follow a run until it ends, as a live tree of its steps; exit code 3 when it did not succeed."""
    from synapse.cli import asking, consoles, opening

    with connected() as api:
        if open_page:
            opening.show(opening.page(api.url, run))
        if not as_json:
            asking.watch(consoles.err(), api, run)
            return
        for event in api.stream(run, after):
            say(event.model_dump_json())
            sys.stdout.flush()
        asking.succeeded(api.run(run))


@app.command("steps")
def steps(
    run: Run,
    state: Annotated[str | None, typer.Option("--state", help=_STEP_STATES, autocompletion=completing.step_states)] = None,
    agent: Annotated[str | None, typer.Option("--agent", help="Only steps of this agent.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Steps at most.")] = 100,
    cursor: Annotated[str | None, typer.Option("--cursor", help="'next' of the page before.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the steps of a run: how long each waited and ran, and how often it was tried."""
    from synapse.cli import consoles, run_view

    with connected() as api:
        page = api.steps(run, state=state, agent=agent, limit=limit, cursor=cursor)
    if as_json:
        say(page.model_dump_json())
    else:
        consoles.out().print(run_view.steps(page), soft_wrap=True)


@app.command("step")
def step(
    run: Run,
    step: Annotated[str, typer.Argument(metavar="STEP", help="Its place, e.g. 'read[0]'.", autocompletion=completing.steps)],
    as_json: AsJson = False,
) -> None:
    """Show a step with its input, its output and each of its attempts."""
    from synapse.cli import consoles, run_view

    with connected() as api:
        found = api.step(run, step)
    if as_json:
        say(found.model_dump_json())
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
    with connected() as api:
        found = api.label(run, change)
    say(found.model_dump_json() if as_json else " ".join([found.id, *(f"{key}:{value}" for key, value in found.labels.items())]))


@app.command("cancel")
@filtered
def cancel(
    runs: Runs = None,
    reason: Annotated[str, typer.Option("--reason", help="Kept with the run.")] = "cancelled on request",
    all_matching: AllMatching = False,
    *,
    filters: Filters,
    as_json: AsJson = False,
) -> None:
    """Stop runs; one that has ended stays as it is."""
    wanted = chosen(runs, all_matching, filters)
    with connected() as api:
        if runs and len(runs) == 1:
            found = api.cancel(runs[0], reason)
            say(found.model_dump_json() if as_json else f"{found.id} {found.state}")
            return
        from synapse.contracts.bulk import BulkCancelRequest

        asked = ({**each, "reason": reason} for each in wanted.requests())
        bulk((api.cancel_many(checked(BulkCancelRequest, each)) for each in asked), wanted, as_json=as_json)


@app.command("resume")
@filtered
def resume(
    runs: Runs = None,
    all_matching: AllMatching = False,
    *,
    filters: Filters,
    as_json: AsJson = False,
) -> None:
    """Go on with failed or cancelled runs from their last good steps."""
    wanted = chosen(runs, all_matching, filters)
    with connected() as api:
        if runs and len(runs) == 1:
            found = api.resume(runs[0])
            say(found.model_dump_json() if as_json else f"{found.id} {found.state}")
            return
        from synapse.contracts.bulk import BulkRequest

        bulk((api.resume_many(checked(BulkRequest, each)) for each in wanted.requests()), wanted, as_json=as_json)


@app.command("signal")
def signal(
    run: Run,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="The signal, as 'synapse runs show' has it; of a member: 'confirm[2]'.",
            autocompletion=completing.signals,
        ),
    ],
    data: Annotated[str | None, typer.Option("--data", help="The payload as JSON, or @FILE to read it from there (@- from stdin).")] = None,
    key: Annotated[str | None, typer.Option("--key", help="With the same key it is sent once, however often.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send a signal to a run that waits for it, or will."""
    payload = _json(data, "--data")
    with connected() as api:
        _sent(api.signal(run, name, payload, key=key), as_json)


@app.command("approve")
def approve(run: Run, name: Name = None, comment: Comment = None, by: By = None, as_json: AsJson = False) -> None:
    """Approve what a run waits to have approved."""
    with connected() as api:
        _sent(api.approve(run, name or _asked(api, run), comment, by=by), as_json)


@app.command("reject")
def reject(run: Run, name: Name = None, comment: Comment = None, by: By = None, as_json: AsJson = False) -> None:
    """Reject what a run waits to have approved."""
    with connected() as api:
        _sent(api.reject(run, name or _asked(api, run), comment, by=by), as_json)


def _asked(api: Api, run: str) -> str:
    """The one thing that the run waits to have approved."""
    from synapse.cli.exits import Usage

    names = sorted({each.signal for each in api.run(run).waiting_for if each.kind == "approval" and each.signal is not None})
    if len(names) == 1:
        return names[0]
    if not names:
        raise Usage("the run waits for no approval just now", remedy=f"see 'synapse runs show {run}', or name what it will wait for")
    raise Usage(f"the run waits for {len(names)} approvals", remedy=f"name one of them: {', '.join(names[:10])}")


def _json(data: str | None, option: str) -> Any:
    from synapse.cli.exits import Usage

    if data is None:
        return None
    try:
        if data.startswith("@"):
            data = sys.stdin.read() if data == "@-" else Path(data[1:]).read_text("utf-8")
        return json.loads(data)
    except (OSError, ValueError) as error:
        raise Usage(
            f"not JSON: {error}", field=option, remedy=f"""write it as {option} '{{"paid": true}}', or {option} @file.json"""
        ) from error


def _sent(signal: Signal, as_json: bool) -> None:
    if as_json:
        say(signal.model_dump_json())
    else:
        say(f"{signal.name} {'taken by ' + signal.step if signal.step else 'kept until a step waits for it'}")
