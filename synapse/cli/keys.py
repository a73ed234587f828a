"""``synapse keys``: create, list, rotate, revoke."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from synapse.cli.session import connected

if TYPE_CHECKING:
    from synapse.contracts.api_key import NewKey

app = typer.Typer(no_args_is_help=True, help="API keys: make them, list them, rotate and revoke them. Needs the scope admin.")
Key = Annotated[str, typer.Argument(metavar="ID", help="The key's id: the part between the underscores.")]
TenantName = Annotated[str | None, typer.Option("--tenant", help="Another tenant's, for an operator.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


class KeyScope(StrEnum):
    """What a key may be good for."""

    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"
    OPERATOR = "operator"


def _show(made: NewKey, as_json: bool) -> None:
    """The key on stdout, by itself, so that a script can take it; what is to be said about it on stderr."""
    if as_json:
        sys.stdout.write(made.model_dump_json() + "\n")
        return
    until = f"until {made.expires_at.astimezone():%Y-%m-%d %H:%M}" if made.expires_at else "without end"
    sys.stderr.write(f"key {made.id} of tenant {made.tenant}, for {', '.join(made.scopes)}, {until}; it is shown this once:\n")
    sys.stderr.flush()
    sys.stdout.write(made.key + "\n")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scopes: Annotated[
        list[KeyScope] | None, typer.Option("--scope", help="What may be done with it; repeat it. Default: runs:read and runs:write.")
    ] = None,
    days: Annotated[float, typer.Option("--days", min=0, max=3650, help="Days until it ends; 0: never.")] = 90.0,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once."""
    from synapse.contracts.api_key import KeyRequest

    given = {"scopes": [scope.value for scope in scopes]} if scopes else {}
    request = KeyRequest.model_validate({"name": name, "expires_in_days": days or None, "tenant": tenant, **given})
    with connected() as api:
        made = api.create_key(request)
    _show(made, as_json)


@app.command("list")
def listed(tenant: TenantName = None, as_json: AsJson = False) -> None:
    """List keys, newest first, also those that have ended."""
    from synapse.cli import consoles, keys_view

    with connected() as api:
        found = api.keys(tenant)
    if as_json:
        sys.stdout.write(found.model_dump_json() + "\n")
    else:
        consoles.out().print(keys_view.table(found), soft_wrap=True)


@app.command("rotate")
def rotate(
    key: Key,
    overlap: Annotated[float, typer.Option("--overlap", min=0, max=720, help="Hours for which the old key still works.")] = 24.0,
    tenant: TenantName = None,
    as_json: AsJson = False,
) -> None:
    """Make a key like this one, and have this one end after a while."""
    with connected() as api:
        made = api.rotate_key(key, overlap * 3600, tenant)
    _show(made, as_json)


@app.command("revoke")
def revoke(key: Key, tenant: TenantName = None, as_json: AsJson = False) -> None:
    """End a key at once."""
    with connected() as api:
        found = api.revoke_key(key, tenant)
    sys.stdout.write((found.model_dump_json() if as_json else f"{found.id} revoked") + "\n")
