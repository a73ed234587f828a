from __future__ import annotations

import re

import httpx
import pytest

from synapse.api.console import POLICY, assets
from synapse.contracts.principal import Scope

WORDS = {name: asset.content.decode() for name, asset in assets().items()}
MODULES = sorted(name for name in WORDS if name.endswith(".js"))


async def test_the_page_is_at_the_root_and_open_to_everybody(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"] == POLICY
    assert (await client.head("/")).status_code == 200


async def test_every_file_that_the_page_or_a_module_names_is_served_as_what_it_is(client: httpx.AsyncClient) -> None:
    named = set(re.findall(r'(?:src|href)="console/([^"]+)"', WORDS["index.html"]))
    named |= {name for module in MODULES for name in re.findall(r'from "\./([^"]+)"', WORDS[module])}
    assert named == set(WORDS) - {"index.html"}
    kinds = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for name in named:
        answer = await client.get(f"/console/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, kinds[name.rpartition(".")[2]])
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_that_is_known_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/console/main.js")
    again = await client.get("/console/main.js", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get("/console/main.js", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fapp.py", "%2Fetc%2Fpasswd", "index.html%00"])
async def test_what_is_no_file_of_the_console_is_404(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/console/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("name", MODULES)
def test_no_module_makes_markup_or_code_of_text(name: str) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|javascript:", WORDS[name])


@pytest.mark.parametrize("name", sorted(WORDS))
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    addresses = set(re.findall(r"(?:https?:)?//[a-z0-9-]+[.][a-z0-9.-]*\.[a-z]+[^\s\"'`)]*", WORDS[name]))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_policy_lets_nothing_in_but_these_files() -> None:
    assert "unsafe" not in POLICY
    assert "*" not in POLICY
    assert "default-src 'none'" in POLICY


def test_the_page_of_keys_offers_every_scope() -> None:
    offered = re.search(r"const SCOPES = \{(.*?)\n\};", WORDS["keys.js"], re.DOTALL)
    assert offered is not None
    assert set(re.findall(r'^  "?([a-z:]+)"?: "', offered[1], re.MULTILINE)) == {scope.value for scope in Scope}
