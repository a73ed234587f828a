"""Real servers for tests and benchmarks, each private to the process that started it.

    with Postgres() as postgres, RabbitMQ() as rabbitmq:
        use(postgres.url, rabbitmq.url)

Each has `url`, `start()`, `stop()`, `restart()`, `kill()` (SIGKILL) and `close()`; RabbitMQ also `wipe()`. A server has
its own folder, ports and passwords, and only processes started here are ever signalled. Where the programs are not
installed the constructor raises `ServiceMissing`: tests then skip, or fail when `CI=true` (see tests/conftest.py).
`TEST_RABBITMQ_IMAGE` has tests use the RabbitMQ of that image.
"""

from tests.services.postgres import Postgres
from tests.services.process import ServiceFailed, ServiceMissing
from tests.services.rabbitmq import RabbitMQ
from tests.services.rabbitmq_image import RabbitMQImage
from tests.services.redis import Redis

__all__ = ["Postgres", "RabbitMQ", "RabbitMQImage", "Redis", "ServiceFailed", "ServiceMissing"]
