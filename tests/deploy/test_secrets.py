"""scripts/secrets: everything that compose asks for, random, and kept."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.deploy.composed import ROOT, SECRETS, composed


def made(folder: Path) -> dict[str, str]:
    subprocess.run([sys.executable, ROOT / "scripts/secrets", folder], check=True)
    return {file.name: file.read_text("utf-8").strip() for file in folder.iterdir()}


def test_every_secret_of_the_composition_is_made(tmp_path: Path) -> None:
    asked = {each["file"].removeprefix(SECRETS) for each in composed()["secrets"].values()}
    assert asked <= set(made(tmp_path / "a"))


def test_what_is_there_is_kept_and_no_two_installations_share_any(tmp_path: Path) -> None:
    first = made(tmp_path / "a")
    assert made(tmp_path / "a") == first
    assert set(first.values()) & set(made(tmp_path / "b").values()) == set()


def test_nobody_else_gets_into_the_folder(tmp_path: Path) -> None:
    made(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_addresses_hold_the_passwords_that_servers_are_given(tmp_path: Path) -> None:
    found = made(tmp_path / "a")
    assert urlsplit(found["synapse_database_url"]).password == found["postgres_password"]
    password = urlsplit(found["synapse_broker_url"]).password
    assert password
    (user,) = json.loads(found["rabbitmq_users.json"])["users"]
    hashed = base64.b64decode(user["password_hash"])
    assert hashed[4:] == hashlib.sha256(hashed[:4] + password.encode()).digest()
