from __future__ import annotations

import os
import random
import sys

import pytest

from benchmarks.fuzz import __main__ as driver
from benchmarks.fuzz import paths, robots, urls
from synapse.egress import dialling
from synapse.egress.urls import UrlPolicy
from synapse.mcp_servers.robots import Rules


def _broken(check: object, make: object, tries: int = 1_000) -> int:
    source, broken = random.Random(1), 0
    for _ in range(tries):
        try:
            check(make(source))  # type: ignore[operator]
        except AssertionError:
            broken += 1
    return broken


def test_the_laws_hold_and_a_guard_that_is_left_open_breaks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _broken(urls.check, urls.make) == 0
    monkeypatch.setattr(dialling, "refusal", lambda _: None)
    monkeypatch.setattr(dialling, "is_metadata", lambda _: False)
    assert _broken(urls.check, urls.make) > 10
    assert _broken(lambda source: urls.check_addresses([urls.embedded(source).strip("[]")]), lambda source: source) > 100


def test_a_policy_that_accepts_another_port_breaks_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "POLICY", UrlPolicy(ports=(22, 80, 443)))
    with pytest.raises(AssertionError):
        urls.check("http://a.test:22/")


def test_robots_that_are_not_read_break_a_law(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _broken(robots.check_plain, robots.make_plain) == _broken(robots.check, robots.make) == 0
    monkeypatch.setattr(robots, "parse", lambda _: Rules())
    assert _broken(robots.check_plain, robots.make_plain) > 100


def test_a_way_down_that_follows_links_breaks_a_law() -> None:
    tree, folder = paths.tree()
    with folder:
        assert _broken(tree.check, paths.make) == 0
        for files in tree.files:
            files._way = _Following()  # type: ignore[assignment]
        with pytest.raises(AssertionError):
            tree.check("up/secret.txt")


class _Following:
    def open(self, root: int, names: tuple[str, ...], flags: int) -> int:
        return os.open("/".join(names) or ".", flags, dir_fd=root)


@pytest.mark.parametrize("is_broken", [False, True])
def test_the_driver_counts_and_fails_when_a_law_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_broken: bool
) -> None:
    def check(_: object) -> bool:
        assert not is_broken, "the law"
        return True

    monkeypatch.setattr(urls, "check", check)
    monkeypatch.setattr(sys, "argv", ["fuzz", "--seconds", "0.05", "--seed", "1"])
    with pytest.raises(SystemExit) as ended:
        driver.main()
    printed = capsys.readouterr().out
    assert ended.value.code == int(is_broken)
    assert all(name in printed for name in driver.TARGETS)
    assert ("AssertionError: the law" in printed) is is_broken


def test_a_target_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "--targets", "moon"])
    with pytest.raises(SystemExit):
        driver.main()
    assert "moon" in capsys.readouterr().err
