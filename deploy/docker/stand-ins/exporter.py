"""What the composition and its dashboards use of celery-exporter: these options, its port, its names of metrics, and no others."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import make_server

from celery import Celery
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily

PORT = 9808
ANSWER_SECONDS = 3.0


class Workers:
    """What the workers say of themselves, asked at each scrape."""

    def __init__(self, app: Celery, queues: list[str]) -> None:
        self._app, self._queues = app, queues

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Workers of each queue, of those without one as well, and the tasks of each worker."""
        asked = self._app.control.inspect(timeout=ANSWER_SECONDS)
        served = asked.active_queues() or {}
        counted = Counter(dict.fromkeys(self._queues, 0))
        counted.update(queue["name"] for queues in served.values() for queue in queues)
        yield gauge("celery_active_worker_count", "Workers of a queue.", "queue_name", counted.items())
        active = asked.active() or {}
        yield gauge("celery_worker_tasks_active", "Tasks of a worker.", "hostname", ((name, len(tasks)) for name, tasks in active.items()))


def gauge(name: str, said: str, label: str, values: Iterable[tuple[str, int]]) -> GaugeMetricFamily:
    """A gauge with one label."""
    family = GaugeMetricFamily(name, said, labels=[label])
    for each, value in values:
        family.add_metric([each], value)
    return family


def served(metrics: Callable[..., Any]) -> Callable[..., Any]:
    """The metrics, and a health that asks nobody."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] != "/health":
            return metrics(environ, start)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"ok\n"]

    return answer


def main() -> None:
    """Answer until the end."""
    parser = argparse.ArgumentParser(prog="celery-exporter", description=__doc__)
    parser.add_argument("--queues", type=lambda text: text.split(","), default=[])
    for name in ("retry-interval", "purge-offline-worker-metrics"):
        parser.add_argument(f"--{name}", help="taken, and without effect here: nothing is kept between scrapes")
    parser.add_argument("--generic-hostname-task-sent-metric", action="store_true", help="taken, and without effect here")
    asked = parser.parse_args()
    registry = CollectorRegistry(auto_describe=False)
    with Celery(broker=os.environ["CE_BROKER_URL"], set_as_current=False) as app:
        registry.register(Workers(app, asked.queues))
        make_server("0.0.0.0", PORT, served(make_wsgi_app(registry))).serve_forever()  # noqa: S104 # in a container


if __name__ == "__main__":
    main()
