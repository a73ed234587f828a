from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from synapse.settings import LogSettings
from synapse.telemetry import logs


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_where_nobody_watches_logs_are_json_lines_whoever_wrote_them() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="auto"), stream=stream)
    structlog.get_logger("synapse.part").info("run.created", run="r1")
    logging.getLogger("some.library").warning("it is %s", "late")
    ours, theirs = _lines(stream)
    assert (ours["event"], ours["run"], ours["level"], ours["logger"]) == ("run.created", "r1", "info", "synapse.part")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("it is late", "warning", "some.library")
    assert "timestamp" in ours
    assert "timestamp" in theirs


def test_for_people_they_are_lines_of_words() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="console"), stream=stream)
    structlog.get_logger("synapse.part").info("run.created", run="r1")
    assert "run.created" in stream.getvalue()
    assert "run=r1" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_traceback_never_shows_the_values_of_variables(format: str) -> None:
    stream = io.StringIO()
    logs.configure(LogSettings.model_validate({"log_format": format}), stream=stream)
    try:
        password = "".join(["sword", "fish"])
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger("synapse.part").exception("failed")
    assert "ValueError" in stream.getvalue()
    assert "swordfish" not in stream.getvalue()


def test_quiet_keeps_what_is_below_a_warning_away() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="json"), quiet=True, stream=stream)
    structlog.get_logger("synapse.part").info("unseen")
    structlog.get_logger("synapse.part").warning("seen")
    assert [line["event"] for line in _lines(stream)] == ["seen"]


def test_debug_wins_over_quiet_and_shows_what_libraries_say() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="json", log_level="debug"), quiet=True, stream=stream)
    logging.getLogger("httpx").info("a request")
    assert [line["event"] for line in _lines(stream)] == ["a request"]


def test_chatty_libraries_are_heard_only_when_something_is_wrong() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="json"), stream=stream)
    logging.getLogger("httpx").info("a request")
    logging.getLogger("httpx").warning("a fault")
    assert [line["event"] for line in _lines(stream)] == ["a fault"]


def test_set_up_twice_each_line_is_written_once() -> None:
    stream = io.StringIO()
    for _ in range(2):
        logs.configure(LogSettings(log_format="json"), stream=stream)
    structlog.get_logger("synapse.part").info("once")
    assert len(_lines(stream)) == 1


def test_without_a_stream_it_is_stderr_as_it_is_at_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(log_format="json"))
    structlog.get_logger("synapse.part").info("here")
    assert json.loads(capsys.readouterr().err)["event"] == "here"


def test_a_line_says_which_span_it_belongs_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="json"), stream=stream)
    structlog.get_logger("synapse.part").info("outside")
    monkeypatch.setattr(logs.tracing, "current", lambda: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    structlog.get_logger("synapse.part").info("inside")
    logging.getLogger("some.library").warning("inside, too")
    outside, *inside = _lines(stream)
    assert "trace_id" not in outside
    assert [(line["trace_id"], line["span_id"]) for line in inside] == [("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")] * 2


def test_what_goes_over_the_wire_is_logged_at_no_level() -> None:
    stream = io.StringIO()
    logs.configure(LogSettings(log_format="json", log_level="debug"), stream=stream)
    for name in ("mcp.client.streamable_http", "openai._base_client", "httpcore2.http11", "sse_starlette.sse"):
        logging.getLogger(name).debug("SSE message: what a page says")
        logging.getLogger(name).info("connected")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["connected"] * 4
