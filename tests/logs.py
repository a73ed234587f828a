"""How a process logs belongs to the whole process: what a test sets up of it must not outlive the test."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from synapse.telemetry import logs


@contextmanager
def as_before() -> Iterator[None]:
    """Puts back structlog's whole configuration, the root logger and the levels of chatty libraries.

    Whole, and not structlog's defaults: those would leave a test that captured lines meanwhile to put its processors back beside
    a default logger, which they do not fit, for every test that follows in the process.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in (*logs._CHATTY, *logs._WIRE)}
    configured, set_up = structlog.is_configured(), structlog.get_config()
    processors = list(set_up["processors"])
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(False)
    for handler in root.handlers:
        if handler not in handlers and isinstance(handler, logging.FileHandler):
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    if configured:
        structlog.configure(**set_up | {"processors": processors})
    else:
        structlog.reset_defaults()
