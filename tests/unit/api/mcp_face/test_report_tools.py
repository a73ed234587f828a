from __future__ import annotations

import pytest

from synapse.contracts.run import RunRequest
from tests.unit.api.mcp_face.conftest import Assistant, Open
from tests.unit.workbench import Workbench


@pytest.fixture
def reader(researched: tuple[Workbench, str], assistant_of: Open) -> Assistant:
    """Of a service with one finished research run."""
    return assistant_of(researched[0].service)


async def test_the_parts_of_a_report_are_the_report(researched: tuple[Workbench, str], reader: Assistant) -> None:
    bench, run = researched
    whole = await bench.service.reports.markdown(bench.service.runs.get(run))
    parts, cursor = [], None
    while not parts or cursor:
        part = await reader.call("read_report", run=run, max_characters=200, **({"cursor": cursor} if cursor else {}))
        parts.append(part["text"])
        cursor = part["next"]
    assert "".join(parts) == whole
    assert len(parts) > 2
    assert sum(each["characters"] for each in part["sections"]) == part["characters"] == len(whole)


async def test_a_section_is_read_by_its_heading_and_an_unknown_one_names_those_there_are(
    researched: tuple[Workbench, str], reader: Assistant
) -> None:
    run = researched[1]
    part = await reader.call("read_report", run=run, section="answer")
    assert part["text"].startswith("## Answer\n")
    assert "## Sources" not in part["text"]
    problem = await reader.refusal("read_report", run=run, section="Conclusion")
    assert (problem["code"], problem["field"]) == ("not-found", "section")
    assert "Sources" in problem["remedy"]
    problem = await reader.refusal("read_report", run=run, section="Sources", cursor="0")
    assert problem["field"] == "cursor"


async def test_a_run_under_way_has_no_report_and_the_refusal_says_what_helps(bench: Workbench, assistant: Assistant) -> None:
    run = bench.service.runs.submit(RunRequest(workflow="echo", input={"text": "x"})).run.id
    problem = await assistant.refusal("read_report", run=run)
    assert (problem["code"], problem["remedy"]) == ("conflict", "wait for it to succeed")


@pytest.mark.parametrize("everywhere", [True, False])
async def test_found_quotes_stand_in_the_stored_page_where_they_are_said_to(
    researched: tuple[Workbench, str], reader: Assistant, everywhere: bool
) -> None:
    bench, run = researched
    page = await reader.call("search_evidence", query="acknowledged after it has run", **({} if everywhere else {"run": run}))
    assert (page["searched"], page["next"]) == (1, None)
    assert page["claims"]
    for claim in page["claims"]:
        assert claim["run"] == run
        for quote in claim["quotes"]:
            stored = await bench.service.reports.source(bench.service.runs.get(run), quote["snapshot"])
            assert stored.text[quote["start"] : quote["end"]] == quote["quote"]


async def test_a_query_without_a_word_is_refused_and_one_about_nothing_finds_nothing(reader: Assistant) -> None:
    problem = await reader.refusal("search_evidence", query="what is the")
    assert (problem["code"], problem["field"]) == ("invalid-input", "query")
    result = await reader.ask("tools/call", {"name": "search_evidence", "arguments": {"query": "zeppelin"}})
    assert result["structuredContent"]["claims"] == []
    assert "Nothing found in 1 reports" in result["content"][0]["text"]
