from __future__ import annotations

import subprocess
import sys

import pytest

from synapse.cli.session import connected, say
from synapse.client.errors import Unreachable


def test_the_api_is_the_one_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_API_URL", "http://127.0.0.1:1/")
    with connected() as api, pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        api.run("r" * 26)


def test_a_line_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    say("done")
    assert capsys.readouterr().out == "done\n"


def test_help_waits_for_no_client() -> None:
    check = "import sys, synapse.cli.session; sys.exit('synapse.cli.client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
