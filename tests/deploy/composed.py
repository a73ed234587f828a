"""docker-compose.yml as data, with variables at their defaults."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PROFILES = ("core", "dev", "full")
SECRETS = "./deploy/docker/secrets/"
_VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


@cache
def composed() -> dict[str, Any]:
    """The whole file, merges done."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(lambda match: match[2], text))
    return found


def services(profile: str | None = None) -> dict[str, dict[str, Any]]:
    """The services, of one profile or all."""
    return {name: each for name, each in composed()["services"].items() if profile is None or profile in each["profiles"]}


def workers() -> dict[str, dict[str, Any]]:
    """The services that run agents."""
    return {name: each for name, each in services().items() if name.startswith("worker-")}


def ours() -> dict[str, dict[str, Any]]:
    """The services of images that the Dockerfile makes of Synapse itself."""
    return {name: each for name, each in services().items() if "build" in each and each["build"]["target"] not in ("exporter", "collector")}


def secret_names(service: dict[str, Any]) -> set[str]:
    """What secrets it is given."""
    return {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}


def mounts(service: dict[str, Any]) -> list[list[str]]:
    """Its volumes, each as source, target and options."""
    return [each.split(":") for each in service.get("volumes", [])]
