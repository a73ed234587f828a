"""What API, command and MCP face share."""
