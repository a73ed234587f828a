from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from synapse import trust


def known(context: ssl.SSLContext) -> set[str]:
    return {value for each in context.get_ca_certs() for part in each["subject"] for key, value in part if key == "commonName"}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=An authority of ours"]
    subprocess.run([*made, "-keyout", str(tmp_path / "own.key"), "-out", str(file)], check=True, capture_output=True)
    return file


def test_authorities_of_ones_own_are_believed_beside_the_usual_ones(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = known(trust.context())
    assert usual
    monkeypatch.setenv("SYNAPSE_CA_FILE", str(own))
    assert known(trust.context()) == usual | {"An authority of ours"}
    assert known(trust.widened(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))) == {"An authority of ours"}


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_that_cannot_be_used_is_refused_by_its_variable(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SYNAPSE_CA_FILE", str(file))
    with pytest.raises(ValidationError, match=r"ca_file\n.*own\.pem cannot be used as a file of certificates in PEM"):
        trust.context()
