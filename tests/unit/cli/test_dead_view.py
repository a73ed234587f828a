from __future__ import annotations

import io

from rich.console import Console, RenderableType

from synapse.cli import dead_view
from synapse.contracts.dead_letter import DeadLetter, DeadLetterDetail, DeadLetterPage
from tests.unit.dead import DIED


def shown(what: RenderableType) -> str:
    console = Console(width=120, file=io.StringIO())
    with console.capture() as captured:
        console.print(what, soft_wrap=True)
    return captured.get()


FIELDS = {"id": "7", "queue": "synapse-search", "reason": "delivery_limit", "count": 3, "died_at": DIED, "recorded_at": DIED, "size": 5}


def test_a_page_has_a_row_for_each_and_says_how_to_go_on() -> None:
    text = shown(dead_view.page(DeadLetterPage(letters=(DeadLetter(**FIELDS, run="r1", step="a"), DeadLetter(**FIELDS)), next="7")))
    assert "r1 a" in text
    assert "5 bytes" in text
    assert "--cursor 7" in text


def test_no_letters_are_said_to_be_none() -> None:
    assert shown(dead_view.page(DeadLetterPage(letters=()))).strip() == "no dead letters"


def test_what_is_in_one_cannot_move_the_cursor() -> None:
    letter = DeadLetterDetail(**FIELDS, exchange="", routing_key="q", properties={"type": "a\x1b[2J"}, body="b\x1b[31mc", kept=False)
    text = shown(dead_view.detail(letter))
    assert "\x1b" not in text
    assert "delivery_limit, 3 times" in text
    assert "5 bytes, not kept" in text
