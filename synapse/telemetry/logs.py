"""Logs: one set-up for every process. Everything, also what libraries log, goes through structlog to stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any, Final, TextIO

import structlog

from synapse.settings import LogSettings
from synapse.telemetry import tracing

# What these say at INFO is said better by our own events, or is about the inside of a library.
_CHATTY: Final = (
    "alembic",
    "amqp",
    "celery.app.trace",
    "celery.worker",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "kombu",
    "mcp",
    "uvicorn.access",
    "uvicorn.error",
)

# What these say at DEBUG is what goes over the wire: pages, reports, prompts and headers. No level lets that into a log.
_WIRE: Final = ("httpcore", "httpcore2", "mcp", "openai", "sse_starlette")


def configure(settings: LogSettings | None = None, *, quiet: bool = False, stream: TextIO | None = None) -> None:
    """Set up logging for this process; calling it again replaces the set-up.

    ``quiet`` keeps everything below a warning away, for commands whose terminal shows something else; an explicit
    ``SYNAPSE_LOG_LEVEL=debug`` wins over it. ``stream`` is stderr as it is when something is logged, unless given.
    """
    settings = settings or LogSettings()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    if quiet and level > logging.DEBUG:
        level = max(level, logging.WARNING)
    handler = logging.StreamHandler(stream) if stream is not None else _Stderr()
    handler.setFormatter(_formatter(settings, stream or sys.stderr))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level <= logging.DEBUG else max(level, logging.WARNING))
    for name in _WIRE:
        logging.getLogger(name).setLevel(max(level, logging.INFO if level <= logging.DEBUG or name not in _CHATTY else logging.WARNING))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


class _Stderr(logging.StreamHandler[TextIO]):
    """Looks stderr up each time: whoever shows something live on a terminal replaces it meanwhile."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override] # an attribute there
        return sys.stderr


def _traced(logger: Any, method: str, event: Any) -> Any:
    """Which span said it, where there is one."""
    if (current := tracing.current()) is not None:
        _, event["trace_id"], event["span_id"], _ = current.split("-")
    return event


_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    _traced,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def _formatter(settings: LogSettings, stream: TextIO) -> logging.Formatter:
    terminal = stream.isatty()
    finish: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if settings.log_format == "json" or (settings.log_format == "auto" and not terminal):
        # Never the values of variables: those may be secrets.
        frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        finish += [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer(default=str)]
    else:
        finish += [structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=structlog.dev.plain_traceback)]
    return structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=_SHARED)
