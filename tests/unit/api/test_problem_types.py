"""Nothing is answered as a problem that is not in the registry, and what is in it can be looked up."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import synapse
from synapse.api.problem_types import PROBLEMS, registered
from synapse.api.problems import _CODES, Refusal
from synapse.errors import SynapseError

ROOT = Path(synapse.__file__).parents[1]
# Programs of their own, whose errors the API never answers with.
ELSEWHERE = ("synapse.client", "synapse.cli", "synapse.mcp_servers", "synapse.tools")


def _errors(kind: type[SynapseError]) -> Iterator[type[SynapseError]]:
    for under in kind.__subclasses__():
        yield under
        yield from _errors(under)


def test_every_error_that_the_api_can_answer_with_is_registered_with_its_status() -> None:
    for module in pkgutil.walk_packages(synapse.__path__, "synapse."):
        if not module.name.startswith(ELSEWHERE) and ".migrations" not in module.name and module.name != "synapse.celery":
            importlib.import_module(module.name)
    kinds = [kind for kind in _errors(SynapseError) if kind.__module__.startswith("synapse.") and not kind.__module__.startswith(ELSEWHERE)]
    assert len(kinds) > 15
    for kind in kinds:
        if kind is not Refusal:
            assert registered(kind.code).status == kind.status, kind


def test_every_code_that_is_written_down_in_the_api_is_registered_with_its_status() -> None:
    found = 0
    for file in (ROOT / "synapse" / "api").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("Refusal", "response"):
                continue
            at = 0 if getattr(node.func, "id", "") == "Refusal" else 1
            code, status = node.args[at : at + 2]
            if isinstance(code, ast.Constant) and isinstance(status, ast.Constant):
                found += 1
                assert registered(str(code.value)).status == status.value, (file.name, code.value)
    assert found >= 10
    assert {code: PROBLEMS[code].status for code in _CODES.values()} == {code: status for status, code in _CODES.items()}


def test_a_problem_that_is_not_registered_cannot_be_raised() -> None:
    with pytest.raises(LookupError, match="out-of-cheese"):
        Refusal("out-of-cheese", 418, "there is none")


def test_each_type_has_its_section_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    for each in PROBLEMS.values():
        assert each.type == f"/problems/{each.code}"
        assert f"\n### {each.code}\n\n{each.title}: status {each.status}. {each.meaning}" in page
