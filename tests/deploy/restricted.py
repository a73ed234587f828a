"""Kubernetes' Pod Security Standard "restricted", as far as a manifest shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_HOST = ("hostNetwork", "hostPID", "hostIPC", "hostUsers")
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(pod: dict[str, Any]) -> list[str]:
    """What of a pod's spec the standard forbids; nothing for a pod that it admits."""
    return list(_pod(pod))


def _pod(pod: dict[str, Any]) -> Iterator[str]:
    yield from (name for name in _HOST if pod.get(name))
    for volume in pod.get("volumes", []):
        yield from (f"volume {volume['name']}: {kind}" for kind in set(volume) - {"name"} - _VOLUMES)
    whole = pod.get("securityContext", {})
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        yield from (f"{container['name']}: {each}" for each in _container(container, whole))


def _container(container: dict[str, Any], whole: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if own.get("runAsNonRoot", whole.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot"
    if own.get("runAsUser", whole.get("runAsUser")) == 0:
        yield "runAsUser"
    if (own.get("seccompProfile") or whole.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    capabilities = own.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield "hostPort"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
