from __future__ import annotations

import hashlib

import httpx
import pytest

from synapse.contracts.run import RunRequest
from tests.unit.workbench import QUESTION, Workbench


@pytest.fixture
def bench(researched: tuple[Workbench, str]) -> Workbench:
    return researched[0]


@pytest.fixture
def run(researched: tuple[Workbench, str]) -> str:
    return researched[1]


async def test_each_file_is_what_the_list_says_of_it(client: httpx.AsyncClient, run: str) -> None:
    listed = (await client.get(f"/v1/runs/{run}/artifacts")).json()["artifacts"]
    assert [each["name"] for each in listed] == ["report.md", "report.html", "report.json", "manifest.json", "events.jsonl"]
    for each in listed:
        answer = await client.get(f"/v1/runs/{run}/artifacts/{each['name']}")
        assert (answer.headers["content-type"], len(answer.content)) == (each["media_type"], each["bytes"])
        assert hashlib.sha256(answer.content).hexdigest() == each["sha256"]
        assert answer.headers["etag"] == f'"{each["sha256"]}"'
        assert answer.headers["content-disposition"] == f'attachment; filename="{each["name"]}"'
    html = await client.get(f"/v1/runs/{run}/artifacts/report.html")
    assert "default-src 'none'" in html.headers["content-security-policy"]


async def test_a_file_is_given_in_parts_and_not_again_to_who_has_it(client: httpx.AsyncClient, run: str) -> None:
    url = f"/v1/runs/{run}/artifacts/report.md"
    whole = await client.get(url)
    part = await client.get(url, headers={"Range": "bytes=5-9", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(whole.content)}"
    assert (await client.get(url, headers={"Range": "bytes=5-9", "If-Range": '"old"'})).status_code == 200
    beyond = await client.get(url, headers={"Range": "bytes=9999999-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    same = await client.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", whole.headers["etag"])


async def test_what_is_no_file_of_a_run_is_404_and_a_report_that_is_not_there_yet_409(
    client: httpx.AsyncClient, bench: Workbench, run: str
) -> None:
    assert (await client.get(f"/v1/runs/{run}/artifacts/secrets.txt")).status_code == 404
    waiting = bench.service.runs.submit(RunRequest(question=QUESTION)).run.id
    assert (await client.get(f"/v1/runs/{waiting}/artifacts/report.md")).status_code == 409
    assert (await client.get(f"/v1/runs/{waiting}/artifacts/events.jsonl")).status_code == 200
