from __future__ import annotations

from collections.abc import Collection

from prometheus_client import REGISTRY

from synapse.engine.tenant_classes import TenantClasses
from synapse.errors import Unavailable

CLASSES = {"acme": "gold", "initech": "silver"}


class Database:
    """Whose runs are, and what was asked."""

    def __init__(self, **whose: str) -> None:
        self.whose = whose
        self.asked: list[set[str]] = []
        self.away = False

    def __call__(self, runs: Collection[str]) -> dict[str, str]:
        self.asked.append(set(runs))
        if self.away:
            raise Unavailable("away")
        return {run: self.whose[run] for run in runs if run in self.whose}


def test_a_run_is_of_the_class_of_its_tenant_and_of_the_others_where_that_has_none() -> None:
    classes = TenantClasses(CLASSES, Database(a="acme", b="initech", c="umbrella"))
    assert classes.of(["a", "b", "c", "deleted"]) == {"a": "gold", "b": "silver", "c": "other", "deleted": "other"}


def test_a_batch_asks_once_and_of_a_run_that_is_known_never_again() -> None:
    database = Database(a="acme", b="acme", c="acme")
    classes = TenantClasses(CLASSES, database)
    classes.of(["a", "b"])
    classes.of(["a", "b", "c"])
    classes.of(["b", "c"])
    assert database.asked == [{"a", "b"}, {"c"}]


def test_without_classes_nothing_is_asked() -> None:
    database = Database(a="acme")
    assert TenantClasses({}, database).of(["a"]) == {"a": "other"}
    assert database.asked == []


def test_while_the_database_is_away_runs_are_counted_among_the_others_and_asked_for_again_later() -> None:
    database = Database(a="acme")
    classes = TenantClasses(CLASSES, database)
    database.away = True
    assert classes.of(["a"]) == {"a": "other"}
    database.away = False
    assert classes.of(["a"]) == {"a": "gold"}


def test_what_is_remembered_of_runs_is_bounded_and_a_batch_may_be_larger() -> None:
    database = Database(**{str(i): "acme" for i in range(100)})
    classes = TenantClasses(CLASSES, database, most=10)
    assert set(classes.of([str(i) for i in range(100)]).values()) == {"gold"}
    classes.of([str(i) for i in range(90, 100)])
    assert len(database.asked) == 1
    classes.of(["0"])
    assert database.asked[1:] == [{"0"}]


def test_what_is_counted_of_a_class_is_there_before_its_first_run() -> None:
    TenantClasses({"acme": "early"}, Database())
    for name, label in (("synapse_runs_started_total", {"how": "created"}), ("synapse_runs_ended_total", {"state": "failed"})):
        assert REGISTRY.get_sample_value(name, {**label, "tenant_class": "early"}) == 0
