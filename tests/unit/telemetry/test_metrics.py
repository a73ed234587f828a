from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from synapse.telemetry import metrics

METRICS = {name: value for name, value in vars(metrics).items() if isinstance(value, Counter | Gauge | Histogram)}


def test_each_name_is_given_once_begins_alike_and_says_its_unit() -> None:
    names = [value._name for value in METRICS.values()]
    assert len(names) == len(set(names))
    assert all(name.startswith("synapse_") for name in names)
    assert all(value._name.endswith("_seconds") for value in METRICS.values() if isinstance(value, Histogram))


def test_no_label_takes_a_value_that_a_user_chooses() -> None:
    labels = {label for value in METRICS.values() for label in value._labelnames}
    assert not labels & {"run", "question", "url", "path", "step", "user", "worker"}


def test_every_metric_says_what_it_counts() -> None:
    assert all(value._documentation.strip() for value in METRICS.values())


def test_an_example_is_the_trace_and_nothing_else() -> None:
    assert metrics.exemplar("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") == {"trace_id": "0af7651916cd43dd8448eb211c80319c"}
    assert metrics.exemplar("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00") is None  # nobody kept it
    assert metrics.exemplar(None) is None
    assert metrics.exemplar("nonsense") is None
