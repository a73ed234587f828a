from __future__ import annotations

import json
from pathlib import Path

import pytest

from synapse.cli.exits import Exit
from synapse.cli.house import House
from synapse.contracts.report import Report
from synapse.settings import StorageSettings
from tests.unit.cli.conftest import QUESTION, Command


def test_a_question_gets_a_report_on_stdout_and_progress_on_stderr(house: House, synapse: Command) -> None:
    ended = synapse("research", QUESTION, "--corpus", "insects")
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"# {QUESTION}\n")
    assert "scent trails" in ended.out
    assert "fact_check" in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_as_json_the_report_is_a_document_of_its_schema(house: House, synapse: Command) -> None:
    ended = synapse(
        "research",
        QUESTION,
        "--corpus",
        "insects",
        "--max-sources",
        "1",
        "--max-followups",
        "0",
        "--max-domains",
        "1",
        "--max-bytes",
        "100000",
        "--json",
    )
    report = Report.model_validate_json(ended.out)
    assert report.question == QUESTION
    assert len(report.snapshots) == 1


def test_detached_it_prints_the_id_and_the_same_key_gives_the_same_one(house: House, synapse: Command) -> None:
    first = synapse("research", QUESTION, "--detach", "--idempotency-key", "once")
    again = synapse("research", QUESTION, "--detach", "--idempotency-key", "once", "--json")
    assert json.loads(again.out)["id"] == first.out.strip()
    assert synapse("runs", "watch", first.out.strip()).code == 0


def test_a_report_is_written_in_the_format_of_the_files_name(house: House, synapse: Command, tmp_path: Path) -> None:
    run = synapse("research", QUESTION, "--corpus", "insects", "--detach").out.strip()
    synapse("runs", "watch", run)
    for name, start in {"r.html": "<!doctype html>", "r.json": "{", "r.md": "# How do ants"}.items():
        assert synapse("report", run, "--output", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text().startswith(start)
    assert synapse("report", run, "--format", "html").out.startswith("<!doctype html>")
    assert synapse("report", run, "--json").out == synapse("report", run, "--format", "json").out
    assert synapse("report", run, "--json", "--format", "html").code == Exit.USAGE
    assert synapse("report", run, "--output", str(tmp_path / "none" / "r.md")).code == 1


def test_what_the_api_refuses_is_one_line_with_its_field(house: House, synapse: Command) -> None:
    ended = synapse("research", "?")
    assert ended.code == 1
    assert ended.err.startswith("error: input.question: ")
    assert "Traceback" not in ended.err


@pytest.mark.usefixtures("nowhere")
def test_without_an_api_the_remedy_is_named(synapse: Command) -> None:
    ended = synapse("research", QUESTION)
    assert ended.code == 4
    assert "synapse up" in ended.err
    assert ended.out == ""


def test_a_report_is_verified_offline_and_against_its_sources_and_a_tampered_page_is_exit_code_1(house: House, synapse: Command) -> None:
    run = synapse("research", QUESTION, "--corpus", "insects", "--detach").out.strip()
    synapse("runs", "watch", run)
    healthy = synapse("verify", run, "--refetch")
    assert healthy.code == 0, healthy.out
    assert "unchanged" in healthy.out
    assert "All of it holds." in healthy.out
    assert json.loads(synapse("verify", run, "--json").out)["holds"] is True
    report = Report.model_validate_json(synapse("report", run, "--format", "json").out)
    name = report.references[0].snapshot
    blob = next(StorageSettings().home.rglob(name))
    kept = blob.read_bytes()
    blob.write_bytes(kept.replace(b"Ants", b"Bees"))
    try:
        tampered = synapse("verify", run)
    finally:
        blob.write_bytes(kept)
    assert tampered.code == 1
    assert f"snapshot {name[:12]}" in tampered.out
    assert tampered.err == ""
