"""The folders that an operator gave, each with its limits. A caller names one, and never learns of the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from synapse.errors import InvalidInput
from synapse.mcp_servers.confined import ConfinedFiles
from synapse.mcp_servers.quota import Limits
from synapse.mcp_servers.refusals import Missing
from synapse.settings import McpServerSettings

DEFAULT: Final = "default"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_QUOTA: Final = re.compile(r"(\d{1,18})/(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Roots:
    """Files by the name of their root."""

    files: Mapping[str, ConfinedFiles]

    def named(self, name: str) -> ConfinedFiles:
        """The root of that name. Raises Missing."""
        try:
            return self.files[name]
        except KeyError:
            raise Missing("there is no such root") from None


def roots_of(settings: McpServerSettings, home: Path) -> Roots:
    """The roots that settings name. Raises InvalidInput for one that is misspelt, twice there, or inside another."""
    folders = {DEFAULT: (settings.files_root or home / "reports").absolute()}
    for name, folder in _pairs("files_roots", settings.files_roots):
        if name in folders:
            raise InvalidInput(f"the root {name!r} is there twice", field="files_roots")
        folders[name] = Path(folder).absolute()
    _refuse_nested(folders)
    limits = {name: _limits(value) for name, value in _pairs("files_quotas", settings.files_quotas)}
    for field, names in (("files_quotas", limits.keys()), ("files_read_only", settings.files_read_only)):
        unknown = sorted(set(names) - folders.keys())
        if unknown:
            raise InvalidInput(f"there is no root {unknown[0]!r}", field=field)
    usual = Limits(settings.files_quota_bytes or None, settings.files_quota_entries or None)
    return Roots(
        {
            name: ConfinedFiles(
                folder, settings.files_max_bytes, limits=limits.get(name, usual), read_only=name in settings.files_read_only
            )
            for name, folder in folders.items()
        }
    )


def _pairs(field: str, items: tuple[str, ...]) -> list[tuple[str, str]]:
    pairs = []
    for item in items:
        name, found, value = item.partition("=")
        if not found or not value or not _NAME.fullmatch(name):
            raise InvalidInput(f"{item!r} is not name=value, the name in small letters, digits and hyphens", field=field)
        pairs.append((name, value))
    return pairs


def _limits(value: str) -> Limits:
    found = _QUOTA.fullmatch(value)
    if found is None:
        raise InvalidInput(f"{value!r} is not bytes/entries", field="files_quotas")
    return Limits(int(found[1]) or None, int(found[2]) or None)


def _refuse_nested(folders: Mapping[str, Path]) -> None:
    # One would be a way into the other, past its limits.
    resolved = {name: folder.resolve() for name, folder in folders.items()}
    for name, folder in resolved.items():
        for other, above in resolved.items():
            if name != other and folder.is_relative_to(above):
                raise InvalidInput(f"the root {name!r} lies in the root {other!r}", field="files_roots")
