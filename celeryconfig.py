"""Settings for ``celery -A synapse …``, taken from `synapse.settings`."""

from synapse.engine.configuration import celery_settings

globals().update(celery_settings())
