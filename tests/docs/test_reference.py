"""What is written from the code is as the code is now."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

from tests.docs.pages import ROOT

REFERENCE = ROOT / "docs" / "reference"
SOURCES = [*(ROOT / "synapse/state").glob("*.py"), *(ROOT / "synapse/engine").glob("*.py")]


def test_no_generated_page_is_stale() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/generate-docs", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_setting_says_what_it_means() -> None:
    rows = re.findall(r"^\| `(SYNAPSE_\w+)` .*\|(.*)\|$", (REFERENCE / "settings.md").read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 100
    assert [variable for variable, meaning in rows if not meaning.strip()] == []


@pytest.mark.parametrize("schema", sorted((REFERENCE / "schemas").glob("*.json")), ids=lambda file: file.name)
def test_a_published_schema_is_one(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.read_text("utf-8")))


def test_every_event_that_the_code_writes_is_on_the_page() -> None:
    page = (REFERENCE / "messages.md").read_text("utf-8")
    told = set(re.findall(r"^\| `((?:run|step)\.\w+)`", page, re.MULTILINE))
    written = {name for file in SOURCES for name in re.findall(r"""["']((?:run|step)\.[a-z]+)["']""", file.read_text("utf-8"))}
    logged = {name for file in SOURCES for name in re.findall(r"""_log\.\w+\(\s*["']([\w.]+)["']""", file.read_text("utf-8"))}
    assert written - logged - told == set()
