"""docker-compose.yml: valid in every profile, and what it promises of each service."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from synapse import settings
from synapse.engine.registry import Registry
from tests.deploy.checkers import compose
from tests.deploy.commands import check
from tests.deploy.composed import PROFILES, ROOT, SECRETS, composed, mounts, ours, secret_names, services, workers

FIELDS = {
    f"SYNAPSE_{name.upper()}": info
    for model in vars(settings).values()
    if inspect.isclass(model) and issubclass(model, BaseSettings) and model is not BaseSettings
    for name, info in model.model_fields.items()
}
SECRET = {name for name, info in FIELDS.items() if "SecretStr" in str(info.annotation)}
QUEUES = {agent.queue for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse.")}
JOBS = {"migrate"}
EVERY = pytest.mark.parametrize("service", services().values(), ids=list(services()))
OWN = pytest.mark.parametrize("service", ours().values(), ids=list(ours()))


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_itself_takes_every_profile(profile: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "SYNAPSE_"))}
    done = subprocess.run(
        [*compose(), "--profile", profile, "config", "--services"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == set(services(profile))


def test_core_is_part_of_every_profile_and_full_is_everything() -> None:
    assert set(services("core")) < set(services("dev")) < set(services("full")) == set(services())
    assert "COMPOSE_PROFILES=full" in (ROOT / ".env").read_text("utf-8")


def test_every_queue_has_exactly_one_service_that_works_it_off() -> None:
    served = [queue for each in workers().values() for queue in check(each["command"])["queues"]]
    assert sorted(served) == sorted(QUEUES)
    assert {f"worker-{queue.removeprefix('synapse-')}" for queue in QUEUES} == set(workers())


def test_workers_have_names_of_their_own_and_are_watched_under_them() -> None:
    names = [check(each["command"])["hostname"].partition("@")[0] for each in workers().values()]
    assert sorted(names) == sorted(name.removeprefix("worker-") for name in workers())
    asked = next(word for word in services()["exporter"]["command"] if word.startswith("--queues="))
    assert set(asked.removeprefix("--queues=").split(",")) == QUEUES


@OWN
def test_every_command_is_one_that_its_program_takes(service: dict[str, Any]) -> None:
    check(service["command"])


@EVERY
def test_a_service_has_no_right_and_no_room_that_it_does_not_need(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].partition(":")[0].isdigit()
    assert service["user"].partition(":")[0] != "0"
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & set(service)


@EVERY
def test_a_service_has_limits_a_bounded_log_and_comes_back(service: dict[str, Any]) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert re.fullmatch(r"\d+[MG]", limits["memory"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert service["restart"] in ("unless-stopped", "on-failure")


@pytest.mark.parametrize("name", [name for name in services() if name not in JOBS])
def test_a_service_that_stays_has_a_health_check_that_can_fail(name: str) -> None:
    check = services()[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert len(check["test"]) > 2
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@EVERY
def test_what_is_waited_for_is_healthy_or_has_ended_well_and_is_in_the_same_profiles(service: dict[str, Any]) -> None:
    for name, waited in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if name in JOBS else "service_healthy"
        assert waited["condition"] == wanted, name
        assert set(service["profiles"]) <= set(services()[name]["profiles"]), name


@EVERY
def test_an_image_is_pinned_and_a_port_is_published_on_loopback_only(service: dict[str, Any]) -> None:
    image = service["image"].rpartition(":")
    assert image[0]
    assert image[2] != "latest"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@EVERY
def test_every_variable_is_a_setting_and_none_holds_a_secret(service: dict[str, Any]) -> None:
    given = service.get("environment", {})
    assert {name for name in given if name.startswith("SYNAPSE_")} - set(FIELDS) - {"SYNAPSE_SECRETS_DIR"} == set()
    assert set(given) & SECRET == set()
    for name, value in given.items():
        assert not re.search(r"password|token|secret|key", name.lower()) or str(value).startswith("/run/secrets"), name


@OWN
def test_a_service_of_ours_reads_its_secrets_from_files(service: dict[str, Any]) -> None:
    assert service["environment"]["SYNAPSE_SECRETS_DIR"] == "/run/secrets"
    read = {name for name in secret_names(service) if name.startswith("synapse_")}
    assert {name.upper() for name in read} <= SECRET


def test_a_service_gets_the_secrets_it_needs_and_no_others() -> None:
    ledger, broker, tools = "synapse_database_url", "synapse_broker_url", "synapse_mcp_token"
    wanted = {
        "postgres": {"postgres_password"},
        "rabbitmq": {"rabbitmq_users"},
        "migrate": {ledger},
        "api": {ledger, broker, "synapse_api_token"},
        "mcp-primary": {tools},
        "mcp-filesystem": {tools},
        **{name: {ledger, broker, tools} for name in workers()},
        "flower": {broker, "flower_basic_auth"},
        "exporter": {broker},
        "prometheus": {"synapse_api_token"},
        "grafana": {"grafana_admin_password"},
    }
    assert {name: found for name, each in services().items() if (found := secret_names(each))} == wanted
    assert {each["file"].startswith(SECRETS) for each in composed()["secrets"].values()} == {True}


def test_only_the_browsing_server_and_what_people_look_at_have_a_way_out() -> None:
    networks = composed()["networks"]
    assert networks["back"]["internal"] is True
    assert networks["models"]["internal"] == "true"
    outside = {name for name, each in services().items() if "front" in each["networks"]}
    published = {name for name, each in services().items() if "ports" in each}
    assert outside == published | {"mcp-primary"}


def test_only_the_filesystem_server_and_what_keeps_data_can_write() -> None:
    writers = {name for name, each in services().items() for mount in mounts(each) if mount[-1] != "ro"}
    assert writers == {"postgres", "rabbitmq", "mcp-primary", "mcp-filesystem", "prometheus", "alertmanager", "grafana"}


@EVERY
def test_what_is_mounted_is_there_and_cannot_be_changed(service: dict[str, Any]) -> None:
    for source, _, *options in mounts(service):
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert options == ["ro"], source
        else:
            assert source in composed()["volumes"], source


def test_a_worker_has_longer_to_finish_than_a_step_may_take() -> None:
    longest = max(agent.timeout for agent in Registry.installed().values() if agent.function.__module__.startswith("synapse."))
    for name, each in workers().items():
        assert float(each["stop_grace_period"].removesuffix("s")) > longest, name


def test_nothing_of_the_folder_of_secrets_is_tracked() -> None:
    assert "deploy/docker/secrets/" in (ROOT / ".gitignore").read_text("utf-8").split()
    assert not re.search(r"(?i)(password|token|secret)\w*=\S", (ROOT / ".env").read_text("utf-8"))


def test_paths_are_of_this_project() -> None:
    assert "/home/" not in Path(ROOT / "docker-compose.yml").read_text("utf-8")
