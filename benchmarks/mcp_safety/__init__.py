"""MCP servers put through one list of hostile inputs: ours, and the peers from their registries."""
