"""py-spy, where it is installed: it looks from outside, and so sees also a process that does not come to answer."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from synapse.errors import Unavailable
from synapse.telemetry.profiles import Profile, Stack

SOURCE: Final = "py-spy"
_GRACE: Final = 30.0
_THREAD: Final = re.compile(r"thread \(\w+\)(?:: (?P<name>.*))?$")


def installed() -> str | None:
    """Where the program is."""
    return shutil.which("py-spy")


def record(program: str, pid: int, seconds: float, rate: float) -> Profile:
    """What the process does for so many whole seconds. Raises Unavailable when it may not be looked at, as mostly in containers."""
    whole = max(1, round(seconds))
    with tempfile.TemporaryDirectory(prefix="synapse-profile-") as folder:
        file = Path(folder) / "stacks"
        options = [
            "--duration",
            str(whole),
            "--rate",
            str(round(rate)),
            "--format",
            "raw",
            "--function",
            "--threads",
            "--gil",  # by their state alone, threads that wait for their turn on a busy machine count as if they worked
            "--output",
            str(file),
        ]
        try:
            done = subprocess.run(  # noqa: S603 - the program that is on the path, with arguments of our own
                [program, "record", "--pid", str(pid), *options], capture_output=True, text=True, timeout=whole + _GRACE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"py-spy does not work here: {error}") from error
        if done.returncode or not file.exists():
            raise Unavailable(f"py-spy may not look at process {pid}: {_last_line(done.stderr)}")
        return parse(file.read_text(errors="replace"), whole, rate)


def parse(raw: str, seconds: float, rate: float) -> Profile:
    """Its raw format, in which only the thread that runs Python has a sample: each stands for the time between two."""
    stacks = []
    for line in raw.splitlines():
        where, _, count = line.rpartition(" ")
        thread, *frames = where.split(";")
        if frames and count.isdigit():
            named = _THREAD.match(thread)
            name = (named["name"] or thread) if named is not None else thread
            stacks.append(Stack(thread=name, frames=tuple(frames), samples=int(count), cpu_seconds=int(count) / rate))
    return Profile(source=SOURCE, seconds=seconds, samples=round(seconds * rate), stacks=tuple(stacks))


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
