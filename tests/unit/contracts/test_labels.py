from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from synapse.contracts.labels import MOST_LABELS, Labels, changed, label_filter
from synapse.errors import InvalidInput

GIVEN: TypeAdapter[dict[str, str]] = TypeAdapter(Labels)


@pytest.mark.parametrize(
    "labels",
    [{"": "x"}, {"Team": "x"}, {"-a": "x"}, {"a" * 64: "x"}, {"a": "x" * 129}, {"a": "x\ny"}, {"a": 1}, {f"k{n}": "" for n in range(33)}],
)
def test_labels_are_few_and_small(labels: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GIVEN.validate_python(labels)


def test_a_key_may_have_a_domain_and_a_value_any_sign_on_one_line() -> None:
    labels = {"example.org/cost-centre": 'Köln: 4711 / "R&D"', "a": ""}
    assert GIVEN.validate_python(labels) == labels


def test_a_filter_is_a_key_and_what_comes_after_the_first_colon() -> None:
    assert label_filter("ref:a:b") == ("ref", "a:b")
    assert label_filter("ref:") == ("ref", "")
    assert label_filter("ref") == ("ref", None)


@pytest.mark.parametrize("text", ["", ":x", "Ref:x", "a:\0", 'a"b:x', "a:" + "x" * 129])
def test_what_can_be_no_label_is_no_filter(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        label_filter(text)
    assert caught.value.field == "label"


def test_a_change_sets_takes_away_and_leaves_the_rest() -> None:
    assert changed({"a": "1", "b": "2", "c": "3"}, {"a": None, "b": "9", "z": None}) == {"b": "9", "c": "3"}


def test_a_change_that_makes_too_many_is_refused() -> None:
    full = {f"k{n}": "" for n in range(MOST_LABELS)}
    assert len(changed(full, {"k0": None, "new": "x"})) == MOST_LABELS
    with pytest.raises(InvalidInput, match="33 labels"):
        changed(full, {"new": "x"})
