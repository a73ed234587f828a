from __future__ import annotations

import httpx
import pytest
from pydantic import ValidationError

from synapse.api.app import create_app
from synapse.api.links import links_of
from synapse.service.service import Service
from synapse.settings import ApiSettings, ConsoleSettings

TRACE = "https://jaeger.example.com/trace/{trace_id}"


async def test_without_settings_there_is_nothing_to_link_to(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/links")).json() == {"flower": None, "grafana": None, "trace": None}


async def test_the_links_are_those_of_the_settings(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FLOWER": "http://127.0.0.1:5555/", "GRAFANA": "https://g.example/d/x?orgId=1", "TRACE": TRACE}.items():
        monkeypatch.setenv(f"SYNAPSE_CONSOLE_{name}_URL", value)
    app = create_app(service, ApiSettings(api_token=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        found = (await client.get("/v1/links")).json()
    assert found == {"flower": "http://127.0.0.1:5555", "grafana": "https://g.example/d/x?orgId=1", "trace": TRACE}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("console_flower_url", "javascript:alert(1)"),
        ("console_flower_url", "flower.example.com"),
        ("console_flower_url", "https://user:secret@flower.example.com"),
        ("console_grafana_url", "data:text/html,x"),
        ("console_grafana_url", "https://"),
        ("console_trace_url", "https://jaeger.example.com/trace/"),
        ("console_trace_url", TRACE + "/{trace_id}"),
    ],
)
def test_what_is_no_address_for_everybodys_eyes_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        ConsoleSettings.model_validate({name: value})


def test_an_at_sign_in_the_path_is_no_password() -> None:
    assert links_of(ConsoleSettings(console_grafana_url="https://g.example/d/x@y")).grafana == "https://g.example/d/x@y"
