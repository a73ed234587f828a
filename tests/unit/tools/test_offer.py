from __future__ import annotations

from pydantic import BaseModel

from synapse.tools.chat import Refused
from synapse.tools.offer import Offer


class Answer(BaseModel):
    """What is asked for here."""

    text: str


def refused(said: str, status: int = 400) -> Refused:
    return Refused(status, said, 1.0)


def test_at_first_everything_is_asked_for() -> None:
    request = Offer("m", Answer).request([], 50)
    assert (request["model"], request["max_tokens"], request["temperature"]) == ("m", 50, 0)
    assert request["response_format"]["json_schema"]["name"] == "Answer"


def test_what_a_server_names_is_left_out_and_else_its_form_step_by_step() -> None:
    offer = Offer("m", Answer)
    assert offer.less(refused("Use 'max_completion_tokens' instead."))
    assert offer.less(refused("'temperature' does not support 0"))
    assert offer.form == "json_schema"
    assert offer.less(refused("no such thing"))
    assert offer.form == "json_object"
    assert offer.less(refused("temperature again", 422))
    assert offer.form == ""
    assert offer.request([], 50) == {"model": "m", "messages": [], "max_completion_tokens": 50}
    assert not offer.less(refused("whatever it is"))


def test_a_refusal_for_another_reason_leaves_nothing_out() -> None:
    offer = Offer("m", Answer)
    assert not any(offer.less(refused("temperature", status)) for status in (401, 404, 429, 500))
    assert offer.without == frozenset()


def test_what_was_refused_before_is_not_offered_again() -> None:
    assert Offer("m", Answer, {"json_schema"}).form == "json_object"
