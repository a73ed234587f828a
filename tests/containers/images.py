"""Names of the images that the composition takes, as `docker compose` reads them from the environment."""

from __future__ import annotations

import os
import re
from typing import Final

from tests.deploy.composed import ROOT

OWN: Final = ("api", "worker", "mcp-primary", "mcp-filesystem", "flower")
"""Targets of the Dockerfile that need nothing but a base: the exporter's and the collector's are programs of others."""


def own(target: str) -> str:
    """The image of a target of the Dockerfile."""
    return f"synapse-{target}:{os.environ.get('TAG', 'local')}"


def server(name: str) -> str:
    """The image of a server that others make, e.g. ``rabbitmq``."""
    variable = f"{name.upper()}_IMAGE"
    found = re.search(rf"\$\{{{variable}:-([^}}]+)\}}", (ROOT / "docker-compose.yml").read_text("utf-8"))
    assert found, f"the composition has no {variable}"
    return os.environ.get(variable) or found[1]
