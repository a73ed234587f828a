"""Access tokens of somebody else's authorization server: whose they are, and whether they hold. Shared by the API and the MCP servers."""
