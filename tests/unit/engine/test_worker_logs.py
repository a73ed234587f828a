from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog
from celery import Celery, signals
from celery.app.log import Logging

from synapse.engine import worker_logs

SetUp = Callable[..., None]


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> SetUp:
    """Celery's own set-up of a worker's logs, as its command calls it."""
    monkeypatch.setattr(Logging, "_setup", False)
    for name in ("CELERY_LOG_LEVEL", "CELERY_LOG_FILE", "_MP_FORK_LOGLEVEL_", "_MP_FORK_LOGFILE_", "_MP_FORK_LOGFORMAT_"):
        monkeypatch.setenv(name, "")
    worker_logs.install()
    return Logging(Celery("x", set_as_current=False)).setup


def say_something() -> None:
    structlog.get_logger("synapse.part").info("run.created", run="r1")
    logging.getLogger("celery.worker").info("what Celery says of itself")
    warnings.simplefilter("always")
    warnings.warn("it is old", stacklevel=1)
    try:
        password = "".join(["sword", "fish"])
        raise ValueError(len(password))
    except ValueError:
        logging.getLogger("celery.app.trace").exception("failed")


def test_every_line_of_a_worker_is_json_once_and_none_shows_a_variable(set_up: SetUp, capsys: pytest.CaptureFixture[str]) -> None:
    worker_logs.install()
    set_up(loglevel="WARNING")
    say_something()
    said = capsys.readouterr().err
    created, warned, failed = lines(said)
    assert (created["event"], created["run"], created["level"]) == ("run.created", "r1", "info")
    assert "it is old" in str(warned["event"])
    assert (failed["event"], failed["logger"]) == ("failed", "celery.app.trace")
    assert "ValueError" in json.dumps(failed)
    assert "swordfish" not in said


def test_a_log_file_takes_the_lines(set_up: SetUp, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    set_up(loglevel="WARNING", logfile=str(tmp_path / "w.log"))
    say_something()
    assert capsys.readouterr().err == ""
    assert len(lines((tmp_path / "w.log").read_text())) == 3


def test_for_people_a_workers_lines_are_words(set_up: SetUp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_LOG_FORMAT", "console")
    set_up(loglevel="WARNING")
    say_something()
    said = capsys.readouterr().err
    assert "run.created" in said
    assert not said.startswith("{")
    assert "swordfish" not in said


@pytest.mark.parametrize(
    ("ours", "loglevel", "meant"),
    [
        ("info", None, "info"), ("info", "WARNING", "info"), ("info", logging.WARNING, "info"), ("info", "debug", "debug"),
        ("info", 10, "debug"), ("warning", "info", "info"), ("error", logging.WARNING, "error"), ("debug", "error", "debug"),
        ("info", 0, "info"), ("info", "no such level", "info"),
    ],
)  # fmt: skip
def test_celerys_level_can_only_make_it_say_more(
    monkeypatch: pytest.MonkeyPatch, ours: str, loglevel: int | str | None, meant: str
) -> None:
    monkeypatch.setenv("SYNAPSE_LOG_LEVEL", ours)
    assert worker_logs.settings_for(loglevel).log_level == meant


@pytest.mark.parametrize(("format", "terminal", "quiet"), [("auto", False, True), ("auto", True, False), ("json", True, True)])
def test_the_banner_is_for_who_watches(monkeypatch: pytest.MonkeyPatch, format: str, terminal: bool, quiet: bool) -> None:
    monkeypatch.setenv("SYNAPSE_LOG_FORMAT", format)
    stderr = io.StringIO()
    monkeypatch.setattr(stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    worker = SimpleNamespace(quiet=False)
    worker_logs._begin(instance=worker, sender="w@h", conf=Celery("x", set_as_current=False).conf)
    assert worker.quiet is quiet


def test_it_is_set_up_where_a_worker_begins() -> None:
    worker_logs.install()
    assert {"synapse-logs-begin", "synapse-logs"} <= {
        key[0] for signal in (signals.celeryd_init, signals.setup_logging) for key, _ in signal.receivers
    }
