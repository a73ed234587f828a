"""What an agent may ask of the world: `mcp.McpTools` asks MCP servers, `memory.MemoryToolbox` is its twin for tests."""
