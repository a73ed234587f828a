"""Commands, settings and targets that the pages name are there."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from synapse import settings
from synapse.cli.main import app
from synapse.engine.registry import Registry
from tests.docs.pages import PAGES, ROOT, commands, name

COMMAND = typer.main.get_command(app)
INLINE = re.compile(r"`(synapse(?: [^`]+)?)`")
VARIABLES = {
    f"SYNAPSE_{field.upper()}"
    for model in vars(settings).values()
    if inspect.isclass(model) and hasattr(model, "model_fields")
    for field in model.model_fields
}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
WORKER = re.compile(r"celery -A synapse worker[^\n`]*")


def parse(line: str, *, whole: bool = True) -> None:
    """Let the command's own parser read it, group by group. Raises AssertionError or TyperException, with what it cannot read.

    One that is not ``whole`` may be the name of a command without what it needs.
    """
    words = shlex.split(line.partition(" | ")[0].replace("…", "x"), comments=True)[1:]
    found: Any = COMMAND
    path = "synapse"
    while hasattr(found, "commands") and words:
        word = words.pop(0)
        assert word in found.commands or word.startswith("--"), f"{path} has no {word!r}"
        if word.startswith("--"):
            return
        found, path = found.commands[word], f"{path} {word}"
    if not hasattr(found, "commands") and (words or whole):
        found.make_context(path, [word.strip("[]") for word in words], resilient_parsing=False)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "cli.md"], ids=name)  # that one is the parser's own
def test_every_command_is_one_that_the_parser_takes(page: Path) -> None:
    shell = [(line, True) for line in commands(page) if line.startswith("synapse ")]
    named = [(found, False) for found in INLINE.findall(page.read_text("utf-8")) if " " in found]
    for line, whole in shell + named:
        try:
            parse(line, whole=whole)
        except (AssertionError, TyperException) as error:
            raise AssertionError(f"{line}: {error}") from error


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_variable_is_a_setting(page: Path) -> None:
    assert set(re.findall(r"\bSYNAPSE_[A-Z_]+[A-Z]\b", page.read_text("utf-8"))) - VARIABLES == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_is_in_the_makefile(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(re.findall(r"`make ([a-z-]+)`", text)) | set(re.findall(r"\bmake ([a-z-]+)$", "\n".join(commands(page)), re.MULTILINE))
    assert named - TARGETS == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_queue_that_a_worker_is_given_is_one(page: Path) -> None:
    queues = {*Registry.installed().queues(), "synapse-words"}
    for line in WORKER.findall(page.read_text("utf-8")):
        if asked := re.search(r"-Q (\S+)", line):
            assert set(asked[1].split(",")) - queues == set(), line


@pytest.mark.parametrize("page", ["README.md", "docs/howto/rabbitmq-postgresql.md"])
def test_a_page_that_starts_workers_starts_one_for_every_queue(page: str) -> None:
    served = re.findall(r"celery -A synapse worker -Q (synapse-[a-z-]+)", (ROOT / page).read_text("utf-8"))
    assert set(served) == set(Registry.installed().queues())


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("synapse reserch x", "synapse has no 'reserch'"),
        ("synapse runs show", "Missing parameter: run"),
        ("synapse mcp secondary", "'secondary' is not one of"),
        ("synapse index . --nme x", "No such option: --nme"),
    ],
)
def test_a_misspelt_command_would_be_noticed(wrong: str, why: str) -> None:
    with pytest.raises((AssertionError, TyperException), match=why):
        parse(wrong)
