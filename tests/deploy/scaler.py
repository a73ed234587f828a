"""KEDA's scaler of one Deployment and Kubernetes' controller behind it, second by second, with the figures of a rendered ScaledObject.

What is modelled, as KEDA 2.2x and ``autoscaling/v2`` do it: KEDA looks at the triggers every ``pollingInterval`` seconds and by that goes
from zero and, after ``cooldownPeriod`` quiet seconds, back; from one upwards the controller looks every 15 seconds, wants
``ceil(count / value)`` of the trigger that asks for most, leaves one alone that is within 10 %, takes the highest want of the stabilisation
window before it goes down, and goes no faster than the policies say. A pod is ready ``start`` seconds after it was asked for. One that is
told to go takes no new step, finishes those that it has and is killed at the end of its grace period.

The first trigger counts the queue's messages. One on PostgreSQL counts steps that are not done, those whose message the broker lost
included; Synapse's reconciler sends such a message again after ``hint_grace_seconds``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from synapse.settings import EngineSettings

SYNC = 15
"""Seconds between two looks of the controller, kube-controller-manager's default."""
HINT_GRACE = int(EngineSettings.model_fields["hint_grace_seconds"].default)
"""Seconds until a step whose message was lost gets another."""
TOLERANCE = 0.1


@dataclass
class Pod:
    """One worker: when it may take steps, when it must be gone, and when each step that it holds is done."""

    ready: int
    last: int | None = None
    steps: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Second:
    """What was to be seen at a second."""

    messages: int
    wanted: int
    running: int


@dataclass
class Outcome:
    """A simulation's end."""

    seconds: list[Second]
    killed: int
    done: int
    first_ready: int | None

    def flaps(self, within: int) -> int:
        """How often fewer were wanted and, ``within`` seconds after, more again."""
        changes = [(now, b.wanted - a.wanted) for now, (a, b) in enumerate(pairwise(self.seconds)) if a.wanted != b.wanted]
        return sum(1 for (then, fewer), (now, more) in pairwise(changes) if fewer < 0 < more and now - then < within)


class Cluster:
    """A Deployment of workers, its scaler, and the queue."""

    def __init__(self, scaled: dict[str, Any], *, grace: int, concurrency: int, start: int) -> None:
        """``scaled`` is a ScaledObject's spec; ``grace`` and ``start`` are seconds."""
        self.spec = scaled
        self.grace, self.concurrency, self.start = grace, concurrency, start
        behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        self.up, self.down = behavior["scaleUp"], behavior["scaleDown"]
        self.value = int(scaled["triggers"][0]["metadata"]["value"])
        second = [each["metadata"] for each in scaled["triggers"] if each["type"] == "postgresql"]
        self.backlog = int(second[0]["targetQueryValue"]) if second else None
        self.pods = [Pod(ready=0) for _ in range(scaled["minReplicaCount"])]
        self.wanted = len(self.pods)
        self.ready = 0
        self.lost = self.killed = self.done = 0
        self._active = 0
        self._wants: deque[tuple[int, int]] = deque()
        self._sizes: list[int] = []

    def run(
        self, arrivals: dict[int, int], length: int, *, step: int, counts_unacknowledged: bool = True, loses_all: int | None = None
    ) -> Outcome:
        """``arrivals`` messages at those seconds, each a step of ``step`` seconds, for ``length`` seconds.

        The broker loses what is ready at the second ``loses_all``.
        """
        seconds: list[Second] = []
        first: int | None = None
        for now in range(length):
            self.ready += arrivals.get(now, 0)
            if now == loses_all:
                self.lost, self.ready = self.ready, 0
            if loses_all is not None and now == loses_all + HINT_GRACE:
                self.lost, self.ready = 0, self.ready + self.lost
            self._work(now, step)
            held = sum(len(pod.steps) for pod in self.pods)
            messages = self.ready + (held if counts_unacknowledged else 0)
            counts = [(messages, self.value)]
            if self.backlog is not None:
                counts.append((self.ready + held + self.lost, self.backlog))
            self._scale(now, counts)
            if first is None and any(pod.ready <= now for pod in self.pods):
                first = now
            seconds.append(Second(messages, self.wanted, len(self.pods)))
        return Outcome(seconds, self.killed, self.done, first)

    def replay(self, recorded: Sequence[Sequence[int]]) -> Outcome:
        """By recorded depths: what each trigger counts, second by second. What more workers would have made of them is not in it."""
        seconds: list[Second] = []
        first: int | None = None
        values = [int(each["metadata"].get("value") or each["metadata"]["targetQueryValue"]) for each in self.spec["triggers"]]
        for now, counts in enumerate(recorded):
            self.pods = [pod for pod in self.pods if pod.last is None]
            self._scale(now, list(zip(counts, values, strict=True)))
            if first is None and any(pod.ready <= now for pod in self.pods):
                first = now
            seconds.append(Second(counts[0], self.wanted, len(self.pods)))
        return Outcome(seconds, 0, 0, first)

    def _work(self, now: int, step: int) -> None:
        for pod in list(self.pods):
            self.done += sum(1 for end in pod.steps if end <= now)
            pod.steps = [end for end in pod.steps if end > now]
            if pod.last is not None and (not pod.steps or pod.last <= now):
                self.killed += len(pod.steps)
                # Not acknowledged: the broker gives them to another.
                self.ready += len(pod.steps)
                self.pods.remove(pod)
            elif pod.last is None and pod.ready <= now:
                taken = min(self.ready, self.concurrency - len(pod.steps))
                self.ready -= taken
                pod.steps += [now + step] * taken

    def _scale(self, now: int, counts: list[tuple[int, int]]) -> None:
        if now % self.spec["pollingInterval"] == 0:
            if any(count for count, _ in counts):
                self._active = now
                if self.wanted == 0:
                    self._resize(now, 1)
            elif self.wanted and now - self._active > self.spec["cooldownPeriod"] and self.spec["minReplicaCount"] == 0:
                self._resize(now, 0)
        if self.wanted and now % SYNC == 0:
            self._resize(now, self._bounded(now, max(self._want(*each) for each in counts)))
        self._sizes.append(self.wanted)

    def _want(self, count: int, value: int) -> int:
        ratio = count / (value * self.wanted)
        if abs(ratio - 1) <= TOLERANCE:
            return self.wanted
        least, most = int(self.spec["minReplicaCount"]), int(self.spec["maxReplicaCount"])
        return min(max(math.ceil(count / value), least, 1), most)

    def _bounded(self, now: int, want: int) -> int:
        window = self.down["stabilizationWindowSeconds"]
        self._wants.append((now, want))
        while self._wants[0][0] < now - window:
            self._wants.popleft()
        if want > self.wanted:
            return min(want, max(self._limit(now, each, 1) for each in self.up["policies"]))
        settled = min(self.wanted, max(each for _, each in self._wants))
        return max(settled, max(min(self._limit(now, each, -1) for each in self.down["policies"]), 1))

    def _limit(self, now: int, policy: dict[str, Any], way: int) -> int:
        since = self._sizes[max(0, now - policy["periodSeconds"])] if self._sizes else self.wanted
        before = since or 1
        moved = policy["value"] if policy["type"] == "Pods" else math.ceil(before * policy["value"] / 100)
        return int(before + way * moved)

    def _resize(self, now: int, size: int) -> None:
        going = [pod for pod in self.pods if pod.last is None]
        for pod in going[size:]:
            pod.last = now + self.grace
        self.pods += [Pod(ready=now + self.start) for _ in range(size - len(going))]
        self.wanted = size
