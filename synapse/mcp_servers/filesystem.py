"""The filesystem MCP server: ``save_file``, ``read_file``, ``list_directory``, ``validate_path``. Only this process writes files."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

from fastapi import FastAPI
from mcp_types import ToolAnnotations
from pydantic import Field

from synapse.contracts.toolbox import SavedFile
from synapse.contracts.wire import DirectoryListing, FileContent, PathVerdict
from synapse.errors import Permanent
from synapse.mcp_servers.app import Dependency, State, build, new_server
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.mcp_servers.tool import guarded
from synapse.settings import McpServerSettings, StorageSettings

INSTRUCTIONS: Final = "Text files below one root that the operator chose. Paths are relative to it, with / between names."
_READS: Final = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_WRITES: Final = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)

RelativePath = Annotated[str, Field(max_length=4096, description="Relative to the root, e.g. reports/2026/answer.md.")]


def create_app(settings: McpServerSettings, home: Path) -> FastAPI:
    """The server as an application. Its root is ``<home>/reports`` unless the settings name a folder.

    Raises InvalidInput when it would be open to the network without a token.
    """
    files = ConfinedFiles((settings.files_root or home / "reports").absolute())
    server, metrics = new_server("synapse-filesystem", INSTRUCTIONS), ServerMetrics()

    @server.tool(annotations=_WRITES)
    @guarded(metrics, _show_saved)
    async def save_file(path: RelativePath, content: str) -> SavedFile:
        """Write a text file, whole or not at all; a file of that name is replaced."""
        return await asyncio.to_thread(files.save, path, content)

    @server.tool(annotations=_READS)
    @guarded(metrics, _show_file)
    async def read_file(path: RelativePath) -> FileContent:
        """Read a text file."""
        return await asyncio.to_thread(files.read, path)

    @server.tool(annotations=_READS)
    @guarded(metrics, _show_listing)
    async def list_directory(path: RelativePath = "") -> DirectoryListing:
        """List the files and directories in a directory; by default in the root."""
        return await asyncio.to_thread(files.list, path)

    @server.tool(annotations=_READS)
    @guarded(metrics, _show_verdict)
    async def validate_path(path: RelativePath) -> PathVerdict:
        """Whether a path could be written or read, and why not."""
        return await asyncio.to_thread(verdict_on, files, path)

    return build(server, settings, metrics, {"root": Dependency(lambda: asyncio.to_thread(_root_state, files.root))})


def create() -> FastAPI:
    """The server from settings, for ``uvicorn --factory synapse.mcp_servers.filesystem:create``."""
    return create_app(McpServerSettings(), StorageSettings().home)


def verdict_on(files: ConfinedFiles, path: str) -> PathVerdict:
    """What `check` says, as a value."""
    try:
        return PathVerdict(path=path, valid=True, exists=files.check(path))
    except Permanent as error:
        return PathVerdict(path=path, valid=False, exists=False, reason=error.detail)


def _root_state(root: Path) -> State:
    """Whether files can be written: the root, or the nearest folder above it that exists, is a writable directory."""
    nearest = next((folder for folder in (root, *root.parents) if folder.exists()), root)
    ok = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return State(ok=ok, detail="writable" if ok else "not a writable directory")


def _show_saved(saved: SavedFile) -> str:
    return f"saved {saved.path}, {saved.bytes} bytes"


def _show_file(file: FileContent) -> str:
    return file.content


def _show_verdict(verdict: PathVerdict) -> str:
    return "acceptable" if verdict.valid else f"refused: {verdict.reason}"


def _show_listing(listing: DirectoryListing) -> str:
    lines = [f"{entry.name}/" if entry.kind == "directory" else f"{entry.name} ({entry.bytes} bytes)" for entry in listing.entries]
    return "\n".join(lines) or "empty"
