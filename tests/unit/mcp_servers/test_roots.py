from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from synapse.errors import InvalidInput
from synapse.mcp_servers.quota import Limits
from synapse.mcp_servers.refusals import Missing
from synapse.mcp_servers.roots import Roots, roots_of
from synapse.settings import McpServerSettings


def _roots(home: Path, **values: Any) -> Roots:
    return roots_of(McpServerSettings(**values), home)


def test_without_settings_there_is_one_root(tmp_path: Path) -> None:
    roots = _roots(tmp_path)
    assert {name: files.root for name, files in roots.files.items()} == {"default": tmp_path / "reports"}
    assert roots.named("default").read_only is False


def test_further_roots_have_names_and_limits_of_their_own(tmp_path: Path) -> None:
    roots = _roots(
        tmp_path,
        files_roots=f"archive={tmp_path}/old, team-2={tmp_path}/t",
        files_read_only="archive",
        files_quotas="team-2=100/5,default=7/0",
        files_quota_bytes=50,
        files_quota_entries=0,
        files_max_bytes=33,
    )
    assert roots.named("archive").root == tmp_path / "old"
    assert [name for name, files in roots.files.items() if files.read_only] == ["archive"]
    assert {name: files._ledger.limits for name, files in roots.files.items()} == {
        "default": Limits(7, None), "archive": Limits(50, None), "team-2": Limits(100, 5)
    }  # fmt: skip
    assert roots.named("archive").max_bytes == 33


def test_an_unknown_root_is_missing_and_no_other_is_told(tmp_path: Path) -> None:
    roots = _roots(tmp_path, files_roots=f"archive={tmp_path}/old")
    for name in ("", "Archive", "../default", "archive ", "old"):
        with pytest.raises(Missing) as refused:
            roots.named(name)
        assert "archive" not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"files_roots": "archive"}, {"files_roots": "=/x"}, {"files_roots": "archive="}, {"files_roots": "A=/x"},
        {"files_roots": "../a=/x"}, {"files_roots": "a=/x,a=/y"}, {"files_roots": "default=/x"}, {"files_read_only": "nobody"},
        {"files_quotas": "default=1"}, {"files_quotas": "default=1/"}, {"files_quotas": "default=-1/2"},
        {"files_quotas": "default=a/b"}, {"files_quotas": "nobody=1/1"},
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_stops_the_server(tmp_path: Path, values: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        _roots(tmp_path, **values)


def test_a_root_inside_another_is_refused_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "reports")
    for folder in (tmp_path / "reports" / "x", tmp_path, tmp_path / "reports", tmp_path / "link" / "x", tmp_path / "x" / ".." / "reports"):
        with pytest.raises(InvalidInput, match="lies in the root"):
            _roots(tmp_path, files_roots=f"other={folder}")
    assert _roots(tmp_path, files_roots=f"other={tmp_path}/reports-2").named("other").root == tmp_path / "reports-2"
