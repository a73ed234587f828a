"""The page's settings of nginx, in front of an API with a token: console, requests and live events, at the root and below a path."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from synapse.cli.client import Api
from tests.absent import absent
from tests.docs.pages import ROOT, files
from tests.docs.running import environment, up
from tests.services.ports import free_port
from tests.services.process import ServerProcess
from tests.waiting import PATIENCE, until

PAGE = ROOT / "docs/howto/behind-a-proxy.md"
NAME = "synapse.example.org"
TOKEN = "a-token-of-a-test-0123"


@contextmanager
def nginx(folder: Path, api: str) -> Iterator[str]:
    """nginx with the page's server block, what it leaves to the reader filled in, and the same again below the page's path."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        absent("nginx is not installed: run scripts/install-services nginx")
    port = free_port()
    certificate, key = folder / "synapse.pem", folder / "synapse.key"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        *subject,
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(new, check=True, capture_output=True)
    text = files(PAGE)["synapse.conf"]
    for shown, real in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/synapse.pem", str(certificate)),
        ("/etc/ssl/private/synapse.key", str(key)),
        ("http://127.0.0.1:8800", api),
    ):
        assert shown in text
        text = text.replace(shown, real)
    (location,) = re.findall(r"^    location / \{.*?^    \}\n", text, re.MULTILINE | re.DOTALL)
    (path, base) = re.findall(r"`location (\S+)` with `proxy_pass http://127\.0\.0\.1:8800(\S+);`", PAGE.read_text("utf-8"))[0]
    below = location.replace("location /", f"location {path}").replace(f"{api};", f"{api}{base};")
    text = text.replace(location, location + below)
    kept = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{kept}{text}}}\n"
    )
    process = ServerProcess([program, "-p", str(folder), "-c", str(settings)], log=folder / "nginx.log")
    try:
        process.wait_until(lambda: (folder / "pid").exists() and bool((folder / "pid").read_text().strip()), "nginx")
        yield f"https://localhost:{port}"
    finally:
        process.stop()


@pytest.mark.timeout(400)
def test_everything_works_through_the_proxy_and_nothing_without_the_token(tmp_path: Path) -> None:
    with up(tmp_path, environment(tmp_path, SYNAPSE_API_TOKEN=TOKEN)) as api, nginx(tmp_path, api.url.rstrip("/")) as outside:
        trusted = ssl.create_default_context(cafile=str(tmp_path / "synapse.pem"))
        with httpx.Client(verify=trusted, trust_env=False, timeout=PATIENCE) as client:
            until(lambda: client.get(f"{outside}/healthz").status_code == httpx.codes.OK, "nginx")
            for base in (outside, f"{outside}/synapse"):
                assert client.get(f"{base}/console/main.js").headers["content-type"].startswith("text/javascript")
                assert client.get(f"{base}/v1/runs").status_code == httpx.codes.UNAUTHORIZED
                known = {"Authorization": f"Bearer {TOKEN}"}
                made = client.post(f"{base}/v1/runs", headers=known, json={"question": "Why do tides rise twice a day?"})
                assert made.status_code == httpx.codes.ACCEPTED
                with client.stream("GET", f"{base}/v1/runs/{made.json()['id']}/events", headers=known) as events:
                    told = [line for line in events.iter_lines() if line.startswith("event: ")]
                assert told[-1] == "event: run.succeeded"
                # A page of the proxy's own name may call the MCP face: what it gets is about its request, not about its origin.
                origin = {**known, "Host": NAME, "Origin": f"https://{NAME}"}
                assert client.post(f"{base}/mcp", headers=origin, json={}).status_code != httpx.codes.FORBIDDEN
                other = {**known, "Host": NAME, "Origin": "https://elsewhere.example"}
                assert client.post(f"{base}/mcp", headers=other, json={}).status_code == httpx.codes.FORBIDDEN
                asked = [sys.executable, "-m", "synapse.cli.main", "runs", "list"]
                there = environment(tmp_path, SYNAPSE_API_URL=base, SYNAPSE_API_TOKEN=TOKEN)
                strange = subprocess.run(asked, env=there, capture_output=True, text=True)
                assert strange.returncode != 0
                assert "SYNAPSE_CA_FILE" in strange.stderr
                believed = subprocess.run(
                    asked, env={**there, "SYNAPSE_CA_FILE": str(tmp_path / "synapse.pem")}, capture_output=True, text=True
                )
                assert made.json()["id"] in believed.stdout, believed.stderr


def test_a_path_in_front_of_the_api_is_kept_by_the_client() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"runs": [], "next": None})

    with Api("https://synapse.example.org/synapse", transport=httpx.MockTransport(answer)) as api:
        api.runs()
    assert asked == ["/synapse/v1/runs"]
