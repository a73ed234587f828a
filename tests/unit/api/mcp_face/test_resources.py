from __future__ import annotations

import pytest

from synapse.api.mcp_face import resources
from synapse.contracts.principal import Principal, Scope, Tenant
from synapse.contracts.run import RunRequest
from tests.unit.api.mcp_face.conftest import NEW, OLD, Assistant, Open
from tests.unit.workbench import QUESTION, Workbench


@pytest.fixture(params=[NEW, OLD])
def reader(request: pytest.FixtureRequest, researched: tuple[Workbench, str], assistant_of: Open) -> Assistant:
    """Of a service with one finished research run, in each revision."""
    return assistant_of(researched[0].service, revision=request.param)


async def test_the_report_and_each_page_it_cites_are_listed_and_read(researched: tuple[Workbench, str], reader: Assistant) -> None:
    bench, run = researched
    found = bench.service.runs.get(run)
    report = await bench.service.reports.json(found)
    listed = (await reader.ask("resources/list"))["resources"]
    cited = [f"snapshot://{run}/{reference.snapshot}" for reference in report.references]
    assert [each["uri"] for each in listed] == [f"report://{run}", *cited]
    texts = []
    for each in listed:
        (content,) = (await reader.ask("resources/read", {"uri": each["uri"]}))["contents"]
        assert (content["uri"], content["mimeType"]) == (each["uri"], each["mimeType"])
        texts.append(content["text"])
    assert texts[0] == await bench.service.reports.markdown(found)
    quote = next(each for each in report.evidence if each.snapshot == report.references[0].snapshot)
    assert texts[1][quote.start : quote.end] == quote.quote
    assert [each["uriTemplate"] for each in (await reader.ask("resources/templates/list"))["resourceTemplates"]] == [
        "report://{run}",
        "snapshot://{run}/{snapshot}",
    ]


async def test_the_list_has_pages_and_leaves_out_what_has_no_report(
    researched: tuple[Workbench, str], assistant_of: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, old = researched
    new = bench.finished(RunRequest(question=QUESTION)).id
    bench.finished(RunRequest(workflow="echo", input={"text": "x"}))
    monkeypatch.setattr(resources, "RUNS", 1)
    reader, pages, cursor = assistant_of(bench.service), [], None
    while not pages or cursor:
        page = await reader.ask("resources/list", {"cursor": cursor} if cursor else {})
        pages.append([each["uri"] for each in page["resources"] if each["uri"].startswith("report://")])
        cursor = page.get("nextCursor")
    assert pages == [[], [f"report://{new}"], [f"report://{old}"]]


@pytest.mark.parametrize("cursor", ["x", "y" * 500])
async def test_a_cursor_that_no_page_gave_is_refused(assistant: Assistant, cursor: str) -> None:
    error = await assistant.error("resources/list", {"cursor": cursor})
    assert (error["code"], error["message"]) == (-32602, "the cursor is not one that was given out")


@pytest.mark.parametrize(
    "uri",
    [
        "report://",
        "report://never-was",
        "report://a b",
        "snapshot://never-was",
        f"report://r/{'0' * 64}",
        "file:///etc/passwd",
        "report://../x",
    ],
)
async def test_what_is_no_resource_is_not_found(assistant: Assistant, uri: str) -> None:
    error = await assistant.error("resources/read", {"uri": uri})
    assert (error["code"], error["data"]["synapse/problem"]["code"]) == (-32602, "not-found")


async def test_a_page_that_the_report_does_not_name_is_not_found(researched: tuple[Workbench, str], reader: Assistant) -> None:
    error = await reader.error("resources/read", {"uri": f"snapshot://{researched[1]}/{'0' * 64}"})
    assert error["data"]["synapse/problem"]["detail"] == "the report has no such page"


async def test_another_tenants_resources_are_like_none(bench: Workbench, assistant: Assistant) -> None:
    anna = bench.service.acting_for(Principal(Tenant("acme"), "anna", frozenset({Scope.ADMIN})))
    theirs = anna.runs.submit(RunRequest(question=QUESTION)).run.id
    bench.work()
    assert anna.runs.state(theirs) == "succeeded"
    assert (await assistant.ask("resources/list"))["resources"] == []
    error = await assistant.error("resources/read", {"uri": f"report://{theirs}"})
    assert error["data"]["synapse/problem"]["code"] == "not-found"
