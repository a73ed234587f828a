"""The `synapse` command."""
