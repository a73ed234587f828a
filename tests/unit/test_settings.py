from __future__ import annotations

import inspect
import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from synapse import settings
from synapse.settings import ApiSettings, BrokerSettings, EngineSettings, LlmSettings, StorageSettings, TenantSettings

MODELS = [
    each
    for name, each in vars(settings).items()
    if inspect.isclass(each) and issubclass(each, BaseSettings) and not name.startswith("_") and each is not BaseSettings
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that already has some SYNAPSE_* variables must not decide a test."""
    for name in [name for name in os.environ if name.startswith("SYNAPSE_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("model", MODELS)
def test_everything_has_a_default_and_no_secret_has_a_value(model: type[BaseSettings]) -> None:
    made = model()
    secrets = [name for name, info in model.model_fields.items() if "SecretStr" in str(info.annotation)]
    assert all(getattr(made, name) is None for name in secrets)


@pytest.mark.parametrize("model", MODELS)
def test_a_setting_is_read_from_its_variable_and_cannot_be_changed_afterwards(model: type[BaseSettings]) -> None:
    assert model.model_config["env_prefix"] == "SYNAPSE_"
    made = model()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, next(iter(model.model_fields)), "x")


def test_without_a_database_url_state_is_a_file_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNAPSE_HOME", str(tmp_path))
    assert StorageSettings().database == f"sqlite:///{tmp_path / 'synapse.db'}"
    monkeypatch.setenv("SYNAPSE_DATABASE_URL", "postgresql://u:secret@h/d")
    assert StorageSettings().database == "postgresql://u:secret@h/d"
    assert "secret" not in repr(StorageSettings())


def test_without_a_broker_everything_stays_in_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (BrokerSettings().embedded, BrokerSettings().url) == (True, "memory://")
    monkeypatch.setenv("SYNAPSE_BROKER_URL", "amqp://u:p@h//")
    assert (BrokerSettings().embedded, BrokerSettings().url) == (False, "amqp://u:p@h//")


@pytest.mark.parametrize(
    ("name", "value", "model"),
    [
        ("LEASE_SECONDS", "0", EngineSettings),
        ("CONCURRENCY", "many", EngineSettings),
        ("API_PORT", "70000", ApiSettings),
        ("API_TOKEN", "short", ApiSettings),
        ("INLINE_LIMIT", "10", StorageSettings),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(name: str, value: str, model: type[BaseSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SYNAPSE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        model()


def test_tenants_are_of_the_classes_that_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TenantSettings().classes == {}
    monkeypatch.setenv("SYNAPSE_TENANT_CLASSES", "acme=gold, initech=gold,hooli=trial-2")
    assert TenantSettings().classes == {"acme": "gold", "initech": "gold", "hooli": "trial-2"}


@pytest.mark.parametrize(
    "value", ["acme", "acme=", "=gold", "acme=Gold", "acme=a b", "acme=gold,acme=silver", ",".join(f"t{i}=c{i}" for i in range(9))]
)
def test_classes_that_could_not_be_labels_or_would_be_too_many_are_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_TENANT_CLASSES", value)
    with pytest.raises(ValidationError, match="tenant_classes"):
        TenantSettings()


def test_any_number_of_tenants_may_be_of_a_few_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNAPSE_TENANT_CLASSES", ",".join(f"t{i}=c{i % 8}" for i in range(100)))
    assert len(TenantSettings().classes) == 100


def test_a_secret_is_shown_to_nobody_by_accident() -> None:
    made = ApiSettings(api_token=SecretStr("sixteen-letters-and-more"))
    assert "sixteen" not in f"{made!r} {made.model_dump_json()}"


def test_without_a_base_url_there_is_no_language_model() -> None:
    assert not LlmSettings().enabled
    with pytest.raises(ValueError, match="no language model"):
        LlmSettings().endpoint("plan")


@pytest.mark.parametrize("half", [{"llm_base_url": "http://x/v1"}, {"llm_model": "m"}, {"llm_max_cost": 1.0}])
def test_half_a_language_model_is_refused_rather_than_silently_none(half: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="llm_"):
        LlmSettings.model_validate(half)


def test_a_secret_may_be_a_file_and_a_variable_goes_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "synapse_broker_url").write_text("amqp://u:p@file//\n")
    monkeypatch.setenv("SYNAPSE_SECRETS_DIR", str(tmp_path))
    assert BrokerSettings().url == "amqp://u:p@file//"
    assert StorageSettings().database_url is None
    monkeypatch.setenv("SYNAPSE_BROKER_URL", "amqp://u:p@variable//")
    assert BrokerSettings().url == "amqp://u:p@variable//"


def test_a_folder_of_secrets_that_is_not_there_is_no_way_to_start_without_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNAPSE_SECRETS_DIR", str(tmp_path / "none"))
    with pytest.raises(ValidationError, match="is no folder"):
        ApiSettings()
