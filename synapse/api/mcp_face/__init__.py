"""The API as an MCP server at ``/mcp``: the same service calls, for assistants."""
