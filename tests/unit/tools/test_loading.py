from __future__ import annotations

import sys

import pytest

from synapse.tools.loading import load


async def test_what_a_name_stands_for_is_imported_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert (await load("colorsys:rgb_to_hsv"))(0, 0, 0) == (0.0, 0.0, 0)
    assert "colorsys" in sys.modules


async def test_a_name_that_stands_for_nothing_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        await load("synapse.tools.nothing:here")
    with pytest.raises(AttributeError):
        await load("synapse.tools.loading:nothing")
