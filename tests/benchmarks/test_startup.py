"""benchmarks.startup: what is read of scripts/wait-healthy, and the page that is made of it."""

from __future__ import annotations

import runpy
from typing import Any

from benchmarks.startup.composition import read
from benchmarks.startup.page import page
from tests.deploy.composed import ROOT


def container(name: str, started: str, **state: Any) -> dict[str, Any]:
    moments = {"StartedAt": f"2026-01-01T00:00:{started}Z", "FinishedAt": "2026-01-01T00:00:09Z", "ExitCode": 0, "Status": "running"}
    labels = {"com.docker.compose.service": name}
    return {"Id": name, "Created": "2026-01-01T00:00:00Z", "Config": {"Labels": labels}, "State": {**moments, **state}}


def test_what_wait_healthy_prints_is_read_again() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "wait-healthy"))
    health = {"Status": "healthy", "Log": [{"End": "2026-01-01T00:00:07Z", "ExitCode": 0}]}
    found = [container("api", "02", Health=health), container("migrate", "01", Status="exited")]
    table = script["table"](found, {each["Id"]: script["seconds"](each) for each in found})
    assert read(table) == {"api": [2.0, 5.0], "migrate": [1.0, 8.0]}


def test_what_is_not_healthy_is_no_row() -> None:
    assert read("| api | starting | 1.0 | 2.0 |") == {}


def test_the_page_tells_of_rounds_that_failed_and_of_medians() -> None:
    rounds = [{"healthy": each, "answered": 1.0, "gone": 2.0, "services": {"api": [each, 4.0]}} for each in (10.0, 30.0, 20.0)]
    text = page({"tried": 4, "cores": 2, "stand_ins": True, "sizes": {"synapse-api:local": 381}, "rounds": rounds})
    assert "3 of 4 rounds" in text
    assert "| every service healthy | 20.0 s | 30.0 s |" in text
    assert "| `api` | 20.0 s | 4.0 s | 4.0 s |" in text
    assert "| `synapse-api:local` | 381 |" in text
