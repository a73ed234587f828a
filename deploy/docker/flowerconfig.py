"""What Flower reads with --conf: who may look, and where RabbitMQ tells of its queues. Both are secrets, so both are files."""

import os
from pathlib import Path
from urllib.parse import urlsplit

_secrets = Path(os.environ["SYNAPSE_SECRETS_DIR"])
_broker = urlsplit((_secrets / "synapse_broker_url").read_text().strip())

basic_auth = [(_secrets / "flower_basic_auth").read_text().strip()]
broker_api = f"http://{_broker.username}:{_broker.password}@{_broker.hostname}:15672/api/"
max_tasks = 10_000  # each costs memory, and the ledger remembers what Flower forgets
purge_offline_workers = 600
read_only = True  # what changes a run goes through the API, which knows the ledger
