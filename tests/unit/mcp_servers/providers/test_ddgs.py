from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given

from synapse.errors import Permanent, Transient
from synapse.mcp_servers.providers.base import Limited
from synapse.mcp_servers.providers.ddgs import DdgsProvider, asked
from tests.unit.mcp_servers.providers.loopback import answered, shapes
from tests.waiting import PATIENCE


class DDGSException(Exception):
    pass


class RatelimitException(DDGSException):
    pass


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands for the package, so that no search engine is ever dialled from here."""
    module, errors = ModuleType("ddgs"), ModuleType("ddgs.exceptions")
    errors.DDGSException, errors.RatelimitException = DDGSException, RatelimitException  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ddgs", module)
    monkeypatch.setitem(sys.modules, "ddgs.exceptions", errors)
    return module


def _answering(package: ModuleType, answer: Any) -> list[Any]:
    calls: list[Any] = []

    class DDGS:
        def __init__(self, timeout: int) -> None:
            calls.append(timeout)

        def text(self, query: str, **options: Any) -> Any:
            calls.append((query, options))
            if isinstance(answer, Exception):
                raise answer
            return answer

    package.DDGS = DDGS  # type: ignore[attr-defined]
    return calls


async def test_hits_become_sources_and_the_engines_are_named(package: ModuleType) -> None:
    calls = _answering(package, [{"title": "Cats", "href": "https://example.org/", "body": "<b>nap</b>"}, {"href": "javascript:x"}, "x"])
    found, failed = await DdgsProvider(7.5).search("how do cats sleep", 5)
    assert [(source.url, source.title, source.snippet) for source in found] == [("https://example.org/", "Cats", "nap")]
    assert failed == []
    assert calls == [7, ("how do cats sleep", {"max_results": 5, "backend": "duckduckgo,mojeek"})]


@pytest.mark.parametrize(
    ("error", "kind"), [(RatelimitException("https://x 202"), Limited), (DDGSException("https://x?q=private broke"), Transient)]
)
def test_what_the_package_raises_becomes_an_error_of_the_tree(package: ModuleType, error: Exception, kind: type[Exception]) -> None:
    _answering(package, error)
    with pytest.raises(kind) as caught:
        asked("q", 5, 1.0)
    assert "https" not in str(caught.value)


def test_no_results_is_an_answer(package: ModuleType) -> None:
    _answering(package, DDGSException("No results found."))
    assert asked("q", 5, 1.0) == []


async def test_calls_that_hang_take_no_thread_from_others() -> None:
    go_on = threading.Event()

    def hang(query: str, limit: int, seconds: float) -> Sequence[Any]:
        go_on.wait(PATIENCE)
        return []

    provider = DdgsProvider(ask=hang)
    calls = [asyncio.create_task(provider.search("q", 5)) for _ in range(20)]
    try:
        async with asyncio.timeout(PATIENCE / 2):
            assert await asyncio.to_thread(lambda: 7) == 7
    finally:
        go_on.set()
    assert await asyncio.gather(*calls) == [([], [])] * 20


async def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ddgs", None)
    with pytest.raises(Permanent, match="pip install"):
        await DdgsProvider().search("q", 5)


@given(shapes("href", "title", "body"))
def test_no_shape_breaks_it(shape: Any) -> None:
    def ask(query: str, limit: int, seconds: float) -> Sequence[Any]:
        return [shape, {"href": "https://a.org", "title": shape, "body": shape}]

    assert answered(lambda _: DdgsProvider(ask=ask), None)
    answered(lambda _: DdgsProvider(ask=lambda *_: shape), None)
