"""Other versions of Synapse, each a folder of its own whose programs are run as they are."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from synapse.engine.messages import WIRE
from synapse.state.database import VERSION
from tests.services.process import ServerProcess

ROOT = Path(__file__).parents[3]
PARTS = ("synapse", "tests", "celeryconfig.py")
NEXT = f"{int(VERSION) + 1:04}"
SUBMIT = """
import os, pathlib, sys, time
from tests.integration.engine.conftest import Client
folder = pathlib.Path(sys.argv[1])
client = Client(os.environ["SYNAPSE_DATABASE_URL"], os.environ["SYNAPSE_BROKER_URL"], folder)
for _ in range(int(sys.argv[3])):
    if (folder / "enough").exists():
        break
    print(client.begin(sys.argv[2], {"things": [f"plain-{number}" for number in range(4)]}), flush=True)
    time.sleep(0.2)
"""

# What the next version may do: more in the tables that it writes when it claims, a longer message, an agent more in a queue that is there.
MIGRATION = f'''"""What a next version may need."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{VERSION}"


def upgrade() -> None:
    op.create_table("fresh", sa.Column("id", sa.Text(), primary_key=True))
    op.add_column("step", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("run", sa.Column("weight", sa.Integer(), nullable=False, server_default="1"))
    with op.get_context().autocommit_block():
        op.create_index("step_claimed_by", "step", ["claimed_by"], postgresql_concurrently=True)
'''
AGENT = '''
@agent("test.later")
def later(task: Thing, tools: Toolbox) -> Done:
    """What only the next version can do."""
    return Done(thing=task.thing, attempt=tools.context.attempt)


def registry()'''
CHANGES = (
    ("synapse/state/database.py", f'VERSION = "{VERSION}"', f'VERSION = "{NEXT}"'),
    ("synapse/state/fused_sql.py", "started_at = now(), worker = :worker\n FROM counted", f"started_at = now(), worker = :worker, claimed_by = '{NEXT}'\n FROM counted"),  # noqa: E501
    ("synapse/engine/messages.py", f"WIRE = {WIRE}\n", f"WIRE = {WIRE + 1}\n"),
    ("synapse/engine/messages.py", "[hint.run, hint.place, hint.digest]", "[hint.run, hint.place, hint.digest, 'more']"),
    ("synapse/engine/strategy.py", "len(arguments) != len(ARGUMENTS)", "len(arguments) not in (3, 4)"),
    ("synapse/engine/app.py", "len(arguments) != len(ARGUMENTS)", "len(arguments) not in (3, 4)"),
    ("synapse/engine/app.py", "run, place, digest = arguments\n", "run, place, digest = arguments[:3]\n"),
    ("tests/integration/engine/app.py", "\ndef registry()", AGENT),
    ("tests/integration/engine/app.py", "(listed, work,", "(later, listed, work,"),
)  # fmt: skip


class OtherVersion:
    """The programs of one version, over one database and one broker."""

    def __init__(self, tree: Path, folder: Path, **environment: str) -> None:
        self.tree = tree
        self._folder = folder
        self._env = {**os.environ, "PYTHONUNBUFFERED": "1", **environment, "PYTHONPATH": str(tree)}
        self.started: list[ServerProcess] = []

    def worker(self, *options: str) -> ServerProcess:
        """A worker that takes work."""
        name = f"{self.tree.name}-{len(self.started)}"
        command = ["-m", "celery", "-A", "tests.integration.engine.app", "worker", "-Q", "synapse-test", "-n", f"{name}@localhost"]
        made = self._start(name, *command, "--without-gossip", "--without-mingle", *(options or ("-P", "threads", "-c", "2")))
        made.wait_until(lambda: "takes work" in made.log.read_text(errors="replace"), "worker")
        return made

    def submits(self, definition: str, most: int = 1000) -> ServerProcess:
        """A program that makes the tables what it needs and then begins run after run, until there is a file named enough."""
        return self._start(f"{self.tree.name}-submits-{len(self.started)}", "-c", SUBMIT, str(self._folder), definition, str(most))

    def _start(self, name: str, *arguments: str) -> ServerProcess:
        made = ServerProcess([sys.executable, *arguments], log=self._folder / f"{name}.log", env=self._env)
        self.started.append(made)
        return made

    def stop(self) -> None:
        """End them all."""
        for process in self.started:
            process.stop()


def next_tree(into: Path) -> Path:
    """A version that might come after this one."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, into / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, into / part)
    for name, old, new in CHANGES:
        text = (into / name).read_text("utf-8")
        assert text.count(old) == 1, f"{name} has changed: {old!r} is there {text.count(old)} times; make the next version of it anew"
        (into / name).write_text(text.replace(old, new), "utf-8")
    (into / "synapse/state/migrations/versions" / f"{NEXT}_next.py").write_text(MIGRATION, "utf-8")
    return into


def previous_tree(into: Path) -> Path | None:
    """The last commit whose tables were of the version before; None where this is no checkout, or has no such commit."""
    asked = ["log", "--format=%H", "-n1", f'-SVERSION = "{VERSION}"', "--", "synapse/state/database.py"]
    found = _git(*asked)
    packed = _git("archive", f"{found.decode().strip()}^", "--", *PARTS) if found else None
    if not packed:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")
    return into


def _git(*arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
