"""What Synapse is for, from the outside: a question in, a report out whose every quote stands in its stored page."""

from __future__ import annotations

import hashlib
import json
import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import httpx
import pytest

from synapse.contracts.report import Report
from tests.waiting import PATIENCE

SECONDS = 90
PAGES = {
    "ants.md": (
        "# Ants\n\nAnts find food by following scent trails that other ants have laid. "
        "An ant that has found food lays a trail on its way home.\n"
    ),
    "trails.md": "# Scent trails\n\nAnts find food by following scent trails. A scent trail fades when no ant renews it.\n",
    "bees.html": (
        "<html><head><title>Bees</title></head><body><h1>Bees</h1><p>Bees tell each other by dancing where flowers are.</p></body></html>"
    ),
}
QUESTION = "How do ants find food?"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "insects"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
    return {**kept, "SYNAPSE_HOME": str(tmp_path / "home")}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "synapse.cli.main", *arguments]


def _check(home: Path, report: Report) -> None:
    """Every statement has evidence, and every piece of evidence stands at its offset in a snapshot of that name."""
    assert report.answer
    known = {item.id: item for item in report.evidence}
    sentences = [*report.answer, *(sentence for section in report.sections for sentence in section.sentences)]
    assert all(name in known for sentence in sentences for name in sentence.evidence)
    for item in known.values():
        data = (home / "blobs" / item.snapshot[:2] / item.snapshot[2:4] / item.snapshot).read_bytes()
        assert hashlib.sha256(data).hexdigest() == item.snapshot
        assert data.decode()[item.start : item.end] == item.quote


def test_the_demonstration_answers_from_a_folder_twice_and_leaves_no_process(documents: Path, environment: dict[str, str]) -> None:
    home = Path(environment["SYNAPSE_HOME"])
    command = _command("demo", "--corpus", str(documents), "--question", QUESTION)
    for _ in range(2):
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err
        assert "scent trails" in out
        assert "\x1b" not in out + err
        assert "Traceback" not in err
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    assert "3 unchanged" in err
    reports = sorted((home / "reports").glob("*/report.json"))
    assert len(reports) == 2
    for file in reports:
        _check(home, Report.model_validate_json(file.read_text()))
        manifest = json.loads((file.parent / "manifest.json").read_text())
        for name, entry in manifest["files"].items():
            assert hashlib.sha256((file.parent / name).read_bytes()).hexdigest() == entry["sha256"]


def test_a_demonstration_that_cannot_work_says_why_in_a_line(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = subprocess.run(
        _command("demo", "--corpus", str(tmp_path / "none")), env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: --corpus: there is no ")
    assert ended.stdout == ""


class Up:
    """A running `synapse up --port 0`."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                _command("up", "--port", "0"), env=environment, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        self._out = cast(BinaryIO, self.process.stdout)
        try:
            self.url = re.findall(r"^api +(\S+)$", self._printed(log), re.MULTILINE)[0]
        except BaseException:
            self.stop()
            raise

    def _printed(self, log: Path) -> str:
        printed = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while b"ready" not in printed:
                assert selector.select(SECONDS), f"not ready: {log.read_text()}"
                # Not readline: what it has buffered, the selector does not see.
                data = os.read(self._out.fileno(), 65_536)
                assert data, f"it ended: {log.read_text()}"
                printed += data
        return printed.decode()

    def stop(self) -> int:
        """SIGTERM, and how it ended."""
        self._out.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(PATIENCE)


@pytest.fixture
def up(environment: dict[str, str], documents: Path, tmp_path: Path) -> Iterator[Up]:
    indexed = subprocess.run(
        _command("index", str(documents)), env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert indexed.returncode == 0, indexed.stderr
    running = Up(environment, tmp_path / "up.log")
    yield running
    if running.process.poll() is None:
        running.stop()


def test_a_client_asks_follows_and_reads_and_sigterm_is_a_clean_end(up: Up, environment: dict[str, str]) -> None:
    with httpx.Client(base_url=up.url, timeout=PATIENCE, trust_env=False) as client:
        accepted = client.post("/v1/runs", json={"question": QUESTION})
        assert accepted.status_code == 202
        where = accepted.headers["location"]
        numbers, names = [], []
        with client.stream("GET", f"{where}/events", headers={"Accept": "text/event-stream"}) as stream:
            for line in stream.iter_lines():
                numbers += [int(line[4:])] if line.startswith("id: ") else []
                names += [line[7:]] if line.startswith("event: ") else []
        assert numbers == list(range(1, len(numbers) + 1))
        assert (names[0], names[-1]) == ("run.created", "run.succeeded")
        markdown, html, data = [
            client.get(f"{where}/report", headers={"Accept": kind}) for kind in ("text/markdown", "text/html", "application/json")
        ]
    assert markdown.text.startswith("# How do ants find food?")
    assert html.text.startswith("<!doctype html>")
    _check(Path(environment["SYNAPSE_HOME"]), Report.model_validate_json(data.text))
    assert up.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(up.process.pid, 0)


def test_an_open_stream_does_not_keep_it_from_stopping(up: Up, environment: dict[str, str]) -> None:
    with httpx.Client(base_url=up.url, timeout=PATIENCE, trust_env=False) as client:
        run = client.post("/v1/runs", json={"question": QUESTION}).json()["id"]
        client.post(f"/v1/runs/{run}/cancel")
        client.post(f"/v1/runs/{run}/resume")
        with client.stream("GET", f"/v1/runs/{run}/events") as stream:
            assert next(stream.iter_lines()).startswith("retry: ")
            assert up.stop() == 0


def test_a_taken_port_is_one_line_that_names_its_setting(up: Up, environment: dict[str, str]) -> None:
    port = up.url.rpartition(":")[2]
    ended = subprocess.run(_command("up", "--port", port), env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 1
    assert f"SYNAPSE_API_PORT: port {port} on 127.0.0.1 is taken" in ended.stderr
    assert "Traceback" not in ended.stderr
