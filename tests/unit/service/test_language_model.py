from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from synapse.service.health import Check
from synapse.service.language_model import check_models
from synapse.settings import LlmSettings
from tests.unit.model_server import HANG, ModelServer, Said, fail, say
from tests.waiting import PATIENCE

KEY = "key-secret"


@pytest.fixture
def server(server: ModelServer) -> ModelServer:
    server.always = say('{"ok": true}')
    return server


def checked(**settings: Any) -> tuple[Check, ...]:
    return asyncio.run(check_models(LlmSettings.model_validate(settings)))


def one(server: ModelServer, **settings: Any) -> Check:
    (check,) = checked(**{"llm_base_url": server.url, "llm_model": "m", **settings})
    return check


def test_without_a_model_there_is_nothing_to_check() -> None:
    assert checked() == (Check(name="model", ok=True, milliseconds=0.0, detail="none configured: extractive mode"),)


def test_a_model_that_answers_is_named_with_its_time(server: ModelServer) -> None:
    check = one(server)
    assert (check.name, check.ok, check.remedy) == ("model", True, None)
    assert check.detail == f"m at {server.url.split('/')[2]}"
    assert check.milliseconds > 0
    assert len(server.asked) == 1


def test_each_server_and_model_is_asked_once_whatever_the_number_of_its_jobs(server: ModelServer) -> None:
    checks = checked(llm_base_url=server.url, llm_model="m", llm_verify_model="v", llm_write_model="v")
    assert [(check.name, check.ok) for check in checks] == [("model plan+claims", True), ("model verify+write", True)]
    assert sorted(asked.body["model"] for asked in server.asked) == ["m", "v"]


@pytest.mark.parametrize(
    ("said", "settings", "detail", "remedy"),
    [
        (fail(401), {}, "answered 401: it refused the key", "it wants a key: set SYNAPSE_LLM_API_KEY"),
        (fail(401, f"wrong: {KEY}"), {"llm_api_key": KEY}, "answered 401", "a key that this server takes"),
        (fail(404), {}, "knows no such model or address", "correct SYNAPSE_LLM_MODEL, or SYNAPSE_LLM_BASE_URL: most end in /v1"),
        (fail(429), {}, "it is busy", "wait"),
        (fail(500), {}, "answered 500", "the server's own log"),
        (Said("<html>"), {}, "not of OpenAI's protocol", "SYNAPSE_LLM_BASE_URL is the base URL"),
        (HANG, {"llm_timeout_seconds": 0.05}, "no answer within 0.05 seconds", "try again"),
    ],
)
def test_one_that_does_not_answer_is_a_line_with_what_to_do(
    said: Said, settings: dict[str, Any], detail: str, remedy: str, server: ModelServer
) -> None:
    server.always = said
    check = one(server, **settings)
    assert not check.ok
    assert detail in check.detail
    assert remedy in (check.remedy or "")
    assert KEY not in check.model_dump_json()


def test_a_server_without_that_model_says_which_it_has(server: ModelServer) -> None:
    server.always, server.models = fail(404), ["qwen3:8b"]
    assert one(server).remedy == "set SYNAPSE_LLM_MODEL to one that it has: qwen3:8b"


def test_a_server_that_is_not_there_is_named_by_the_setting_that_led_there(server: ModelServer) -> None:
    checks = checked(llm_base_url=server.url, llm_model="m", llm_plan_base_url="http://me:password@127.0.0.1:1/v1?token=key-secret")
    plan = next(check for check in checks if check.name == "model plan")
    assert (plan.ok, plan.remedy) == (False, "start the server, or correct SYNAPSE_LLM_PLAN_BASE_URL")
    assert plan.detail == "m at 127.0.0.1:1: the server cannot be reached"


@pytest.mark.parametrize(("refusals", "says"), [(1, "knows no JSON schema"), (2, "knows no JSON mode")])
def test_a_server_without_json_forms_is_fine_and_said_to_be_so(refusals: int, says: str, server: ModelServer) -> None:
    server.says(*[fail(400, "response_format")] * refusals)
    check = one(server)
    assert check.ok
    assert says in check.detail


def test_an_address_that_cannot_be_one_is_a_line_too(server: ModelServer) -> None:
    check = one(server, llm_base_url=f"http://me:{KEY}@127.0.0.1:99999/v1")
    assert (check.ok, bool(check.remedy)) == (False, True)
    assert KEY not in check.model_dump_json()


def test_where_no_model_is_configured_no_client_is_loaded() -> None:
    program = (
        "import asyncio, json, sys\n"
        "from synapse.service.language_model import check_models\n"
        "from synapse.settings import LlmSettings\n"
        "asyncio.run(check_models(LlmSettings(_env_file=None)))\n"
        "print(json.dumps(sorted({'openai', 'mcp'} & sys.modules.keys())))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert json.loads(ended.stdout) == []
