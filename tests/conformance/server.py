"""What the conformance suite expects to find on a server, on an application built as both of ours are built.

Names and texts are those that the suite's scenarios ask for. Nothing here is a tool of Synapse: what is tried is what lies around
the tools, from the HTTP endpoint to the protocol.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Annotated, Any

from fastapi import FastAPI
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    Completion,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)
from pydantic import Field

from synapse.mcp_servers.app import build, new_server
from synapse.mcp_servers.metrics import ServerMetrics
from synapse.settings import McpServerSettings
from tests.conformance.asking import add_asking_tools


def create_app(settings: McpServerSettings) -> FastAPI:
    """The fixture server as an application."""
    server = new_server("synapse-conformance", "Fixtures of the conformance suite.")
    _add_tools(server)
    _add_diagnostics(server)
    add_asking_tools(server)
    _add_resources(server)
    _add_prompts(server)
    return build(server, settings, ServerMetrics(), {})


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00")) + chunk(b"IEND", b"")


def _wav() -> bytes:
    samples = b"\x80" * 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


PNG, WAV = _png(), _wav()


def _image() -> ImageContent:
    return ImageContent(type="image", data=base64.b64encode(PNG).decode(), mime_type="image/png")


def _embedded(uri: str, kind: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=text))


def _add_tools(server: MCPServer[Any]) -> None:
    @server.tool()
    def test_simple_text() -> str:
        """Text and nothing else."""
        return "This is a simple text response for testing."

    @server.tool(structured_output=False)
    def test_image_content() -> list[ContentBlock]:
        """An image."""
        return [_image()]

    @server.tool(structured_output=False)
    def test_audio_content() -> list[ContentBlock]:
        """A sound."""
        return [AudioContent(type="audio", data=base64.b64encode(WAV).decode(), mime_type="audio/wav")]

    @server.tool(structured_output=False)
    def test_embedded_resource() -> list[ContentBlock]:
        """A resource inside the answer."""
        return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]

    @server.tool(structured_output=False)
    def test_multiple_content_types() -> list[ContentBlock]:
        """Three kinds of content in one answer."""
        inner = _embedded("test://mixed-content-resource", "application/json", json.dumps({"test": "data", "value": 123}))
        return [TextContent(type="text", text="Multiple content types test:"), _image(), inner]

    @server.tool()
    def test_error_handling() -> str:
        """Fails."""
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool()
    async def test_tool_with_progress(ctx: Context) -> str:
        """Tells how far it is."""
        for percent in (0.0, 50.0, 100.0):
            await ctx.report_progress(percent, 100.0)
        return "done"

    @server.tool()
    def test_custom_headers(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
        """Has a parameter that clients repeat in a header."""
        return region


def _add_diagnostics(server: MCPServer[Any]) -> None:
    @server.tool()
    def test_missing_capability() -> str:
        """Needs what the client did not say it can do."""
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY, message="the client cannot sample", data={"requiredCapabilities": {"sampling": {}}}
        )

    @server.tool()
    async def test_logging_tool(ctx: Context) -> str:
        """Would log, if the client asked for it."""
        return "nothing was logged"

    @server.tool()
    async def test_tool_with_logging(ctx: Context) -> str:
        """Logs thrice."""
        for step in ("started", "goes on", "completed"):
            await ctx.info(f"Tool execution {step}")
        return "logged"

    @server.tool()
    async def test_trigger_tool_change(ctx: Context) -> str:
        """Says that the list of tools changed."""
        await ctx.notify_tools_changed()
        return "told"

    @server.tool()
    async def test_trigger_prompt_change(ctx: Context) -> str:
        """Says that the list of prompts changed."""
        await ctx.notify_prompts_changed()
        return "told"


def _add_resources(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """An image."""
        return PNG

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:
        """Made for the id in the address."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _add_prompts(server: MCPServer[Any]) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """No arguments."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Two arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:
        """A resource, and what to do with it."""
        inner = _embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(inner), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """An image, and what to do with it."""
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]

    @server.completion()
    async def complete(reference: Any, argument: Any, context: Any) -> Completion:
        return Completion(values=[name for name in ("paris", "park", "party") if name.startswith(argument.value)])
