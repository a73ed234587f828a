from __future__ import annotations

from pathlib import Path

import pytest

from synapse.api.assets import answer, read


@pytest.fixture
def module(tmp_path: Path) -> Path:
    file = tmp_path / "small.js"
    file.write_text("export {};")
    return file


def test_a_file_is_served_as_what_it_is_under_the_policy(module: Path) -> None:
    served = answer(read(module), "default-src 'none'", None)
    assert (served.status_code, served.body, served.media_type) == (200, b"export {};", "text/javascript; charset=utf-8")
    assert served.headers["content-security-policy"] == "default-src 'none'"
    assert served.headers["x-content-type-options"] == "nosniff"


def test_a_file_that_is_known_is_not_sent_again_and_one_that_changed_is(module: Path) -> None:
    first = read(module)
    assert answer(first, "", f'"other", W/{first.etag}').status_code == 304
    module.write_text("export default 1;")
    assert answer(read(module), "", first.etag).status_code == 200


def test_what_nobody_knows_is_bytes(tmp_path: Path) -> None:
    file = tmp_path / "thing.unheard-of"
    file.write_bytes(b"\0")
    assert read(file).media_type == "application/octet-stream"
