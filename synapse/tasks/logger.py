"""Write down what happened: one log line per event, one file per finished run."""

from __future__ import annotations

from typing import Any

import structlog
from pydantic import BaseModel, Field

from synapse.contracts.agent import agent
from synapse.contracts.toolbox import SavedFile, Toolbox

_RESERVED = frozenset({"event", "level", "timestamp", "logger", "exc_info", "stack_info", "positional_args"})


class FinishedRun(BaseModel):
    """A run that is over, and its events as JSON, one a line, in order."""

    run: str
    lines: list[str]


class LogBatch(BaseModel):
    """Events in the order they happened, and the runs that ended with them."""

    events: list[dict[str, Any]] = Field(default_factory=list)
    finished: list[FinishedRun] = Field(default_factory=list)


class LogResult(BaseModel):
    """How many events were logged and which files were written."""

    logged: int
    files: list[SavedFile]


@agent("logger", timeout=60)
async def logger(task: LogBatch, tools: Toolbox) -> LogResult:
    """Log each event; keep the events of each finished run as ``<run>/events.jsonl``."""
    log = structlog.get_logger("synapse.events")
    for event in task.events:
        fields = {f"{key}_" if key in _RESERVED else key: value for key, value in event.items() if key != "name"}
        log.info(str(event.get("name", "event")), **fields)
    files = [await tools.save_file(f"{run.run}/events.jsonl", "".join(f"{line}\n" for line in run.lines)) for run in task.finished]
    return LogResult(logged=len(task.events), files=files)
