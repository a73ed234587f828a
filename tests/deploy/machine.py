"""A rendered release on this machine: each container is a process with the command, variables, keys, probes and hooks of the chart.

What a cluster does with names and with a network for each pod, loopback does here. ``Pod.local`` is the one place where a rendered text
is changed, and for nothing but that.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.chaos.front import Front
from tests.deploy.charted import POD_OWNERS, Manifest, component
from tests.deploy.helm import ROOT
from tests.services.ports import free_port
from tests.services.process import ServerProcess

DOCKER = ROOT / "deploy" / "docker"
_PROGRAMS = {"synapse": [sys.executable, "-m", "synapse.cli.main"], "celery": [sys.executable, "-m", "celery"]}
_OF_IMAGES = {"SYNAPSE_HOME": "/data", "SYNAPSE_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}
"""What the Dockerfile sets in every image of ours."""
_FILES_OF_IMAGES = {"/etc/synapse/flowerconfig.py": DOCKER / "flowerconfig.py", "/app/cli.py": Path(__file__).with_name("exporter.py")}
"""What images have outside their environment. The exporter's program is of another project; one that takes the same stands in."""


class _Process(ServerProcess):
    """One whose end is waited for as a kubelet does."""

    def ended(self, seconds: float) -> int | None:
        """The exit code; none when it is there after so many seconds."""
        try:
            return self._popen.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None


class Machine:
    """Services, claims and the Secrets of a release, and the pods that were started."""

    def __init__(self, folder: Path, objects: list[Manifest], keys: dict[str, str]) -> None:
        """``keys`` are those of the Secrets, by the names under which containers find them."""
        self.folder, self.objects, self.keys = folder, objects, keys
        self.services = {each["metadata"]["name"]: Front() for each in objects if each["kind"] == "Service"}
        self.pods: list[Pod] = []
        # One for all probes, without connections that stay: each client of its own reads all certificates, of which none is asked for here.
        self.http = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for front in self.services.values():
            self._stack.enter_context(front)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pod in self.pods:
            pod.process.kill()
        self.http.close()
        self._stack.close()

    def owners(self) -> dict[str, Manifest]:
        """Whatever has pods, by what it is."""
        return {component(each): each for each in self.objects if each["kind"] in (*POD_OWNERS, "Pod")}

    def addresses(self) -> dict[str, str]:
        """Where a Service answers, by its name and port."""
        ports = {each["metadata"]["name"]: each["spec"]["ports"] for each in self.objects if each["kind"] == "Service"}
        return {f"{name}:{port['port']}": f"127.0.0.1:{self.services[name].port}" for name in self.services for port in ports[name]}

    def claim(self, name: str) -> Path:
        """The folder of a volume that outlives pods."""
        return self.folder / "claims" / name

    def start(self, owner: Manifest) -> Pod:
        """A pod of an owner, which Services send requests to once it says that it is ready."""
        pod = Pod(self, owner, self.folder / f"{component(owner)}-{len(self.pods)}")
        self.pods.append(pod)
        for service in (each for each in self.objects if each["kind"] == "Service"):
            if service["spec"]["selector"].items() <= pod.labels.items():
                self.services[service["metadata"]["name"]].urls += [f"http://127.0.0.1:{port}" for port in pod.ports.values()]
        return pod

    def forget(self, pod: Pod) -> None:
        """No Service sends it anything any more."""
        gone = {f"http://127.0.0.1:{port}" for port in pod.ports.values()}
        for front in self.services.values():
            front.urls = [url for url in front.urls if url not in gone]


class Pod:
    """A pod's only container, at work."""

    def __init__(self, machine: Machine, owner: Manifest, folder: Path) -> None:
        template = owner if owner["kind"] == "Pod" else owner["spec"]["template"]
        self.machine, self.spec, self.labels = machine, template["spec"], template["metadata"]["labels"]
        (self.container,) = self.spec["containers"]
        self.name, self.folder, self.component = folder.name, folder, component(owner)
        self.told = threading.Event()
        """Set once it was told to go."""
        self.ports: dict[str, int] = {port["name"]: free_port() for port in self.container.get("ports", [])}
        folder.mkdir()
        self._local = self._table()
        self.process = _Process(self._command(), log=folder / "log", env=self._variables())

    def local(self, text: str) -> str:
        """The same with what this machine has instead of Services, of ports of its own for each pod, and of mounted folders."""
        names = sorted(map(re.escape, self._local), key=len, reverse=True)
        return re.sub(rf"(?<![\w.-])(?:{'|'.join(names)})(?![\w.-])", lambda found: self._local[found[0]], text)

    def probe(self, kind: str) -> bool:
        """Whether the container passes its ``startupProbe``, ``readinessProbe`` or ``livenessProbe``."""
        asked = self.container[kind]
        if "exec" in asked:
            return self._inside(asked["exec"]["command"], asked["timeoutSeconds"]) == 0
        url = f"http://127.0.0.1:{self.ports[asked['httpGet']['port']]}{asked['httpGet']['path']}"
        try:
            return 200 <= self.machine.http.get(url, timeout=asked["timeoutSeconds"]).status_code < 400
        except httpx.TransportError:
            return False

    def terminate(self) -> int | None:
        """Off every Service, the hook, SIGTERM: the exit code, or none when it had to be killed after its grace period."""
        end = time.monotonic() + self.spec["terminationGracePeriodSeconds"]
        self.machine.forget(self)
        if hook := self.container.get("lifecycle", {}).get("preStop"):
            self._inside(hook["exec"]["command"], end - time.monotonic())
        os.kill(self.process.pid, signal.SIGTERM)
        self.told.set()
        return self.process.ended(end - time.monotonic())

    def _table(self) -> dict[str, str]:
        mounted = {each["mountPath"]: str(self._volume(each["name"])) for each in self.container.get("volumeMounts", [])}
        ports = {str(port["containerPort"]): str(self.ports[port["name"]]) for port in self.container.get("ports", [])}
        files = {name: str(file) for name, file in _FILES_OF_IMAGES.items()}
        # A pod's name is the name of its host: what tells workers of one queue apart.
        return {**mounted, **files, **ports, **self.machine.addresses(), "0.0.0.0": "127.0.0.1", "%h": self.name}

    def _volume(self, name: str) -> Path:
        """Its folder: a claim's is there for whoever comes after."""
        volume = next(each for each in self.spec["volumes"] if each["name"] == name)
        claim = volume.get("persistentVolumeClaim")
        folder = self.machine.claim(claim["claimName"]) if claim else self.folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        for source in (volume, *volume.get("projected", {}).get("sources", [])):
            for item in source.get("secret", {}).get("items", []):
                (folder / item["path"]).write_text(self.machine.keys[item["path"]], "utf-8")
        return folder

    def _command(self) -> list[str]:
        words = [self.local(word) for word in (*self.container.get("command", []), *self.container.get("args", []))]
        if "command" not in self.container:
            # The only image whose entry point is asked for; its script has paths of the image in it.
            script = self.folder / "exporter-entrypoint"
            script.write_text(self.local((DOCKER / "exporter-entrypoint").read_text("utf-8")), "utf-8")
            return ["sh", str(script), *words]
        return [*_PROGRAMS[words[0]], *words[1:]]

    def _variables(self) -> dict[str, str]:
        given = {each["name"]: each["value"] for each in self.container.get("env", [])}
        # The exporter listens on its own default, which the chart has no word of.
        default = {"CE_PORT": str(self.ports["http"])} if self.container["name"] == "exporter" else {}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        here = {"PATH": path, "PYTHONPATH": str(ROOT), "TMPDIR": self._local["/tmp"], **default}
        return {**{name: self.local(value) for name, value in {**_OF_IMAGES, **given}.items()}, **here}

    def _inside(self, command: list[str], seconds: float) -> int:
        """What a command in the container comes to, which gets that long; -1 when it took longer."""
        try:
            return subprocess.run([self.local(word) for word in command], env=self._variables(), timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired:
            return -1
