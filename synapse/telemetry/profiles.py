"""Where processes spent their time: stacks and what each of them cost, and the formats that others draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import Field

from synapse.contracts.evidence import Frozen

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"
_MICRO: Final = 1_000_000


class Stack(Frozen):
    """One stack of one thread, outermost function first."""

    thread: str
    frames: tuple[str, ...] = Field(description="As ``function (file:line)``, with the line where the function begins.")
    samples: int = Field(description="How often the thread was found there, working or waiting.")
    cpu_seconds: float = Field(description="The processor's time that the thread took meanwhile.")


class Profile(Frozen):
    """What one process did for a while."""

    source: str = Field(description="Who looked: the process itself, or py-spy.")
    seconds: float
    samples: int = Field(description="How often all threads were looked at.")
    cost_seconds: float = Field(default=0.0, description="The processor's time that looking took of the process.")
    stacks: tuple[Stack, ...]

    @property
    def cpu_seconds(self) -> float:
        """The processor's time of all threads."""
        return sum(stack.cpu_seconds for stack in self.stacks)


class Function(NamedTuple):
    """What a function took in seconds of the processor: by itself, and with what it called."""

    name: str
    own: float
    total: float


def functions(profiles: Iterable[Profile]) -> list[Function]:
    """All functions, those first that took most by themselves."""
    own: dict[str, float] = {}
    total: dict[str, float] = {}
    for stack in (stack for profile in profiles for stack in profile.stacks if stack.frames):
        own[stack.frames[-1]] = own.get(stack.frames[-1], 0.0) + stack.cpu_seconds
        # One that calls itself is there twice, and took its time once.
        for name in set(stack.frames):
            total[name] = total.get(name, 0.0) + stack.cpu_seconds
    found = [Function(name, own.get(name, 0.0), seconds) for name, seconds in total.items()]
    return sorted(found, key=lambda each: (-each.own, -each.total, each.name))


class Thread(NamedTuple):
    """What a thread took of the processor, and where it was found most often."""

    name: str
    cpu_seconds: float
    mostly: str
    share: float
    """Of its samples: how many were there."""


def threads(profile: Profile) -> list[Thread]:
    """The threads of a process, the busiest first."""
    by_name: dict[str, list[Stack]] = {}
    for stack in profile.stacks:
        by_name.setdefault(stack.thread, []).append(stack)
    return sorted((_thread(name, stacks) for name, stacks in by_name.items()), key=lambda each: (-each.cpu_seconds, each.name))


def _thread(name: str, stacks: Sequence[Stack]) -> Thread:
    found: dict[str, int] = {}
    for stack in stacks:
        where = stack.frames[-1] if stack.frames else "–"
        found[where] = found.get(where, 0) + stack.samples
    mostly = max(found, key=lambda where: (found[where], where))
    return Thread(name, sum(stack.cpu_seconds for stack in stacks), mostly, found[mostly] / max(1, sum(found.values())))


def folded(profiles: Mapping[str, Profile]) -> str:
    """Folded stacks, one a line with its microseconds of the processor: what flamegraph.pl, inferno and speedscope read."""
    weighed = (
        ((process, stack.thread, *stack.frames), round(stack.cpu_seconds * _MICRO))
        for process, profile in profiles.items()
        for stack in profile.stacks
    )
    return "".join(sorted(f"{';'.join(map(_clean, parts))} {weight}\n" for parts, weight in weighed if weight))


def _clean(part: str) -> str:
    return " ".join(part.replace(";", ",").split())


def speedscope(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """The file format of https://www.speedscope.app: a profile for each thread that worked, in seconds of the processor."""
    frames: dict[str, int] = {}
    made = []
    for process, profile in profiles.items():
        for thread in threads(profile):
            stacks = [stack for stack in profile.stacks if stack.thread == thread.name and stack.cpu_seconds > 0]
            if stacks:
                samples = [[frames.setdefault(frame, len(frames)) for frame in stack.frames] for stack in stacks]
                weights = [stack.cpu_seconds for stack in stacks]
                made.append(
                    {
                        "type": "sampled",
                        "name": f"{process}: {thread.name}",
                        "unit": "seconds",
                        "startValue": 0,
                        "endValue": sum(weights),
                        "samples": samples,
                        "weights": weights,
                    }
                )
    return {"$schema": _SCHEMA, "exporter": "synapse", "shared": {"frames": [{"name": name} for name in frames]}, "profiles": made}
