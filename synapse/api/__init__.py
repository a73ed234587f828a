"""The HTTP API: routes over `synapse.service`, errors as problems."""
