"""``celery -A synapse worker -Q synapse-search``: the application that Celery's own commands look for."""

from __future__ import annotations

from synapse.engine.app import create_app
from synapse.service import duties, inbox

app = create_app()
inbox.attach(app)
duties.attach(app.runtime)
