"""Whether a container's command is one that its program takes."""

from __future__ import annotations

import shlex
from types import SimpleNamespace
from typing import Any

from celery.bin.celery import celery
from flower.options import options

from synapse.engine.app import create_app
from tests.docs.test_commands import parse


def check(command: list[str]) -> dict[str, Any]:
    """Let the program's own parser read it; what the parser understood of a worker. Raises AssertionError or the parser's own errors."""
    program, *words = command
    if program == "synapse":
        parse(shlex.join(command))
        return {}
    assert program == "celery", f"no container has {program!r}"
    assert words[:2] == ["-A", "synapse"]
    group = celery.make_context("celery", list(words), obj=SimpleNamespace(app=create_app(set_as_current=False)))
    with group:
        name, found, rest = celery.resolve_command(group, [*group._protected_args, *group.args])
        assert found is not None, f"celery has no {name!r}"
        if name == "flower":
            for each in rest:
                assert each.lstrip("-").partition("=")[0] in options._options, each
            return {}
        with found.make_context(name, rest, parent=group) as context:
            return dict(context.params)
