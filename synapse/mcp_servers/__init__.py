"""The MCP servers: `primary` searches and reads, `filesystem` keeps files. Each is a FastAPI application that stands alone."""
