"""What the doctor looks at: the service's dependencies, what is of this machine, and the language model."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from time import perf_counter
from typing import Final

from pydantic import ValidationError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from synapse.cli.client import Api
from synapse.cli.house import check_home
from synapse.cli.text import shown
from synapse.errors import Conflict, NotFound, SynapseError, Unavailable
from synapse.service.corpora import Corpora
from synapse.service.health import Check, Health
from synapse.service.language_model import check_models
from synapse.service.service import Service
from synapse.settings import SearchSettings, StorageSettings

_LEAST_FREE: Final = 500_000_000


def examine() -> Health:
    """Every check. What the running API says of its dependencies counts; without one they are looked for from here.

    A language model is always asked from here, with the settings of here.
    """
    service = Service()
    try:
        local = [_check("home", check_home), _check("disk", _disk), _check("agents", lambda: _agents(service)), _check("corpora", _corpora)]
        if not service.runtime.broker.embedded:
            local.append(_check("topology", lambda: _topology(service)))
        reached = _check("api", _reach)
        seen = _seen_by_api() if reached.ok else None
        found = seen or asyncio.run(service.health())
        models = asyncio.run(check_models(service.runtime.llm_settings))
    finally:
        service.close()
    checks = (*local, reached, *found.checks, *models)
    return Health(ok=all(check.ok for check in checks), checks=checks)


def table(health: Health) -> RenderableType:
    """The checks as a table, with what to do below those that failed."""
    rows = Table.grid(padding=(0, 2))
    for check in health.checks:
        mark = Text("✓", "green") if check.ok else Text("✗", "red")
        rows.add_row(mark, Text(check.name, "bold"), Text(f"{check.milliseconds:.0f} ms", "bright_black"), Text(shown(check.detail)))
    todo = [Text(shown(f"→ {check.name}: {check.remedy}"), "yellow") for check in health.checks if not check.ok and check.remedy]
    verdict = Text("everything is fine", "green") if health.ok else Text("something is missing", "red")
    return Group(rows, *todo, verdict)


def _check(name: str, ask: Callable[[], str | None]) -> Check:
    started = perf_counter()
    ok, detail, remedy = True, "", None
    try:
        detail = ask() or ""
    except SynapseError as error:
        ok, detail, remedy = False, error.detail, error.remedy
    return Check(name=name, ok=ok, milliseconds=round((perf_counter() - started) * 1000, 1), detail=detail, remedy=remedy)


def _disk() -> str:
    home = StorageSettings().home.absolute()
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists())).free
    if free < _LEAST_FREE:
        raise Unavailable(f"{free / 1e6:.0f} MB free below {home}", remedy="make room, or set SYNAPSE_HOME to a larger disk")
    return f"{free / 1e9:.1f} GB free"


def _agents(service: Service) -> str:
    names = [agent.name for agent in service.agents()]
    if not names:
        raise NotFound("no agents are installed", remedy="install the package itself: pip install -e .")
    return f"{len(names)} installed"


def _topology(service: Service) -> str:
    found = service.topology.check()
    if found:
        wrong = "; ".join(f"{each.name} {each.what}: {each.detail}" for each in found)
        raise Conflict(
            wrong[:500], remedy=f"synapse topology declare{' --replace' if any(each.what == 'differs' for each in found) else ''}"
        )
    return f"{len(service.topology.show())} exchanges and queues"


def _reach() -> str:
    with Api.from_settings() as api:
        api.runs(limit=1)
        return api.url


def _seen_by_api() -> Health | None:
    try:
        with Api.from_settings() as api:
            return Health.model_validate_json(api.ready())
    except (SynapseError, ValidationError):
        return None


def _corpora() -> str:
    names = Corpora().names()
    if not names and SearchSettings().asked == ("corpus",):
        raise NotFound("there is nothing to search", remedy="synapse index FOLDER, or set SYNAPSE_SEARXNG_URL")
    return ", ".join(names) or "none; the web is searched"
