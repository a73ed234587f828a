from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from synapse.cli import keeping
from synapse.cli.keeping import Told
from synapse.errors import InvalidInput, Unavailable


def test_a_signal_ends_the_waiting_and_the_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Told().listening() as told:
        os.kill(os.getpid(), signal.SIGTERM)
        told.wait()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_server_that_ends_by_itself_is_an_error() -> None:
    told = Told()
    threading.Timer(0.01, told.death).start()
    with pytest.raises(Unavailable, match="stopped by itself"):
        told.wait()


def test_a_server_alone_serves_until_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    monkeypatch.setattr("synapse.cli.keeping.logs.configure", lambda: None)
    monkeypatch.setattr(Told, "wait", lambda self: os.kill(os.getpid(), signal.SIGTERM))
    keeping.keep_mcp("filesystem", None, 0)
    keeping.keep_api(None, 0)
    printed = capsys.readouterr().out
    assert "mcp filesystem  http://127.0.0.1:" in printed
    assert "api             http://127.0.0.1:" in printed


@pytest.mark.parametrize("start", [lambda: keeping.keep_api("0.0.0.0", 0), lambda: keeping.keep_mcp("primary", "0.0.0.0", 0)])
def test_off_loopback_a_token_is_demanded(start: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    monkeypatch.setattr("synapse.cli.keeping.logs.configure", lambda: None)
    with pytest.raises(InvalidInput, match="token"):
        start()  # type: ignore[operator] # parametrized
