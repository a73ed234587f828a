from __future__ import annotations

import pytest
from pydantic import ValidationError

from synapse.contracts.llm import ModelUse, Role, Usage
from synapse.settings import LlmSettings


def test_tokens_count_both_ways() -> None:
    assert Usage(tokens_in=3, tokens_out=4).tokens == 7


def test_a_run_that_asked_nothing_has_used_nothing() -> None:
    assert ModelUse().usage == Usage()
    assert ModelUse().notes == ()


def test_usage_survives_the_way_through_a_steps_output() -> None:
    use = ModelUse(usage=Usage(calls=2, tokens_in=10, tokens_out=5, cost=0.25, seconds=1.5, estimated=True), notes=("a", "b"))
    assert ModelUse.model_validate(use.model_dump(mode="json")) == use


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Usage.model_validate({"call": 1})


@pytest.mark.parametrize("role", Role)
def test_every_role_can_have_a_server_and_a_model_of_its_own(role: Role) -> None:
    both = {f"llm_{role}_base_url": "http://b", f"llm_{role}_model": "m2"}
    settings = LlmSettings.model_validate({"llm_base_url": "http://a", "llm_model": "m", **both})
    assert settings.endpoint(role) == ("http://b", "m2")
    assert {settings.endpoint(other) for other in Role if other is not role} == {("http://a", "m")}
