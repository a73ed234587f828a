"""Every operation has an example: it is sent, and what it documents and what comes both fit the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from synapse.api.app import create_app
from synapse.api.examples import REQUESTS, THINGS, Operation, answers
from synapse.service.service import Service
from synapse.settings import ApiSettings
from tests.api.recording import FILE, Stage, media_type, operations, send, stage

DOCUMENT: dict[str, Any] = create_app(Service(), ApiSettings(api_token=None)).openapi()
OPERATIONS = [(method.upper(), path) for path, described in DOCUMENT["paths"].items() for method in described]


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.bench.close()


def content(operation: Operation, status: int) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][operation[1]][operation[0].lower()]["responses"][str(status)].get("content", {})
    return found


def check(value: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({"components": DOCUMENT["components"], **schema}).validate(value)


def test_the_document_that_is_tried_is_the_one_that_is_served(on: Stage) -> None:
    assert on.app.openapi() == DOCUMENT
    assert set(OPERATIONS) == set(operations(on.app)) == set(answers())


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
async def test_the_example_is_sent_and_its_answer_fits(on: Stage, operation: Operation) -> None:
    recorded = answers()[operation]
    answer, _ = await send(on, operation)
    assert answer.status_code == recorded.status, answer.text
    assert media_type(answer) == recorded.media_type
    if recorded.media_type == "application/json":
        check(answer.json(), content(operation, recorded.status)["application/json"]["schema"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_the_example_in_the_document_fits_it(operation: Operation) -> None:
    described, recorded = DOCUMENT["paths"][operation[1]][operation[0].lower()], answers()[operation]
    for parameter in described.get("parameters", ()):
        if parameter["required"]:
            assert "example" in parameter, parameter["name"]
        if "example" in parameter:
            check(parameter["example"], parameter["schema"])
    media = described.get("requestBody", {}).get("content", {}).get("application/json")
    if media is not None and (described["requestBody"].get("required") or operation in REQUESTS):
        given = [media["example"]] if "example" in media else [each["value"] for each in media["examples"].values()]
        for body in given:
            check(body, media["schema"])
    if recorded.content is not None:
        shown = content(operation, recorded.status)[recorded.media_type]
        assert "example" in shown or "examples" in shown
        if recorded.media_type == "application/json":
            check(shown["example"], shown["schema"])


def test_what_is_recorded_is_of_operations_that_there_are_and_of_no_machine() -> None:
    assert answers().keys() <= {(method.upper(), path) for path, described in DOCUMENT["paths"].items() for method in described}
    text = Path(FILE).read_text("utf-8")
    assert "/tmp" not in text
    assert "/root" not in text
    assert set(THINGS) >= {name for _, path in OPERATIONS for name in re.findall(r"\{(\w+)\}", path)}
