from __future__ import annotations

from typing import Any

from synapse.telemetry import profiles
from synapse.telemetry.profiles import Function, Profile, Stack, Thread


def profile(*stacks: tuple[str, tuple[str, ...], int, float]) -> Profile:
    made = tuple(Stack(thread=thread, frames=frames, samples=samples, cpu_seconds=cpu) for thread, frames, samples, cpu in stacks)
    return Profile(source="a test", seconds=1.0, samples=10, stacks=made)


def test_functions_are_listed_by_what_they_took_themselves_and_one_that_calls_itself_took_its_time_once() -> None:
    found = profiles.functions([profile(("t", ("a", "b", "b"), 1, 0.5), ("t", ("a",), 1, 0.25)), profile(("u", ("a", "c"), 1, 1.0))])
    assert found == [Function("c", 1.0, 1.0), Function("b", 0.5, 0.5), Function("a", 0.25, 1.75)]


def test_threads_are_listed_with_the_place_where_they_were_found_most_often() -> None:
    found = profiles.threads(
        profile(("idle", ("run", "wait"), 9, 0.0), ("busy", ("run", "work"), 3, 0.4), ("busy", ("run", "wait"), 1, 0.1))
    )
    assert found == [Thread("busy", 0.5, "work", 0.75), Thread("idle", 0.0, "wait", 1.0)]


def test_folded_stacks_have_microseconds_and_nothing_that_would_break_a_line() -> None:
    made = profile(("a;thread", ("run (x.py:1)", "two\nlines"), 1, 0.0015), ("idle", ("wait",), 50, 0.0))
    assert profiles.folded({"worker 7": made}) == "worker 7;a,thread;run (x.py:1);two lines 1500\n"


def test_speedscope_gets_a_profile_for_each_thread_that_worked() -> None:
    made = profile(("busy", ("run", "work"), 3, 0.5), ("busy", ("run",), 1, 0.25), ("idle", ("wait",), 9, 0.0))
    drawn: dict[str, Any] = profiles.speedscope({"worker 7": made})
    assert drawn["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert drawn["shared"]["frames"] == [{"name": "run"}, {"name": "work"}]
    (only,) = drawn["profiles"]
    assert only["name"] == "worker 7: busy"
    assert (only["type"], only["unit"], only["startValue"], only["endValue"]) == ("sampled", "seconds", 0, 0.75)
    assert dict(zip(map(tuple, only["samples"]), only["weights"], strict=True)) == {(0, 1): 0.5, (0,): 0.25}
