from __future__ import annotations

import pytest

from synapse.api.accept import best

OFFERS = ("text/markdown", "text/html", "application/json")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "text/markdown"),
        ("*/*", "text/markdown"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
        ("text/*;q=0.5, application/json;q=0.4", "text/markdown"),
        ("text/*;q=0.5, text/markdown;q=0, application/json;q=0.4", "text/html"),
        ("image/png", None),
        ("image/png, */*;q=0", None),
        ("application/json;q=nonsense", None),
        ("", "text/markdown"),
    ],
)
def test_the_format_the_client_likes_best_is_chosen(header: str | None, chosen: str | None) -> None:
    assert best(header, OFFERS) == chosen


def test_of_two_liked_equally_the_first_offer_wins() -> None:
    assert best("application/json, text/html", ("text/html", "application/json")) == "text/html"
