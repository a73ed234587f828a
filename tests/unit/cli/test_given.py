from __future__ import annotations

import pytest

from synapse.cli.exits import Usage
from synapse.cli.given import built, json_object, span
from synapse.contracts.schedule import Timing


@pytest.mark.parametrize(("text", "seconds"), [(None, None), ("90", 90), ("90s", 90), ("15m", 900), ("6h", 21_600), ("1d", 86_400)])
def test_a_span_is_so_many_seconds(text: str | None, seconds: int | None) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "1 h", "-5s", "1w", "1.5h", "٣s"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="no span"):
        span(text)


def test_what_is_given_is_validated_and_the_first_fault_named() -> None:
    assert built(Timing, {"cron": "* * * * *", "anchor": None}).cron == "* * * * *"
    with pytest.raises(Usage) as caught:
        built(Timing, {"cron": "* * * * *", "start_at": "tomorrow"})
    assert caught.value.field == "start_at"


def test_json_is_an_object_or_refused_with_its_options_name() -> None:
    assert json_object('{"a": 1}', "--input") == {"a": 1}
    assert json_object(None, "--input") is None
    for text in ("{", "[1]", "7"):
        with pytest.raises(Usage) as caught:
            json_object(text, "--input")
        assert caught.value.field == "--input"
