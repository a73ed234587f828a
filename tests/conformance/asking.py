"""Tools that ask their caller for something before they answer (2026-07-28: the call is answered with a request, and made again)."""

from __future__ import annotations

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

_NAME = {"name": {"type": "string"}}


def add_asking_tools(server: MCPServer[Any]) -> None:
    """Put them on a server."""
    _add_single(server)
    _add_several(server)


def _form(message: str, properties: dict[str, Any]) -> ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": sorted(properties)}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def _sample(text: str, tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def _needs(ctx: Context, requests: dict[str, InputRequest], state: str | None = None) -> InputRequiredResult | None:
    """What is still to be asked, None when all answers came."""
    if requests.keys() <= (ctx.input_responses or {}).keys():
        return None
    return InputRequiredResult(input_requests=requests, request_state=state)


def _answer(ctx: Context, key: str) -> str:
    return str((ctx.input_responses or {})[key])


def _add_single(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    def test_input_required_result_elicitation(ctx: Context) -> str | InputRequiredResult:
        """Asks for a name."""
        asked = _needs(ctx, {"user_name": _form("What is your name?", _NAME)})
        return asked or f"Hello, {_answer(ctx, 'user_name')}!"

    @server.tool(structured_output=False)
    def test_streaming_elicitation(ctx: Context) -> str | InputRequiredResult:
        """Asks for a name, too."""
        return _needs(ctx, {"user_name": _form("What is your name?", _NAME)}) or "Hello!"

    @server.tool(structured_output=False)
    def test_input_required_result_sampling(ctx: Context) -> str | InputRequiredResult:
        """Asks the caller's model."""
        asked = _needs(ctx, {"capital_question": _sample("What is the capital of France?", 100)})
        return asked or _answer(ctx, "capital_question")

    @server.tool(structured_output=False)
    def test_input_required_result_list_roots(ctx: Context) -> str | InputRequiredResult:
        """Asks for the caller's folders."""
        return _needs(ctx, {"client_roots": ListRootsRequest()}) or _answer(ctx, "client_roots")

    @server.tool(structured_output=False)
    def test_input_required_result_capabilities(ctx: Context) -> str | InputRequiredResult:
        """Asks for what the caller said it can give, and for nothing else."""
        able = ctx.client_capabilities
        requests: dict[str, InputRequest] = {}
        if able is not None and able.sampling is not None:
            requests["sampled"] = _sample("Say something", 50)
        if able is not None and able.elicitation is not None:
            requests["elicited"] = _form("Say something", _NAME)
        return _needs(ctx, requests) or "complete"

    @server.prompt()
    def test_input_required_result_prompt(ctx: Context) -> list[UserMessage] | InputRequiredResult:
        """A prompt that asks first."""
        asked = _needs(ctx, {"user_context": _form("What context should the prompt use?", {"context": {"type": "string"}})})
        return asked or [UserMessage(_answer(ctx, "user_context"))]


def _add_several(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    def test_input_required_result_request_state(ctx: Context) -> str | InputRequiredResult:
        """Asks, and wants its own words back with the answer."""
        asked = _needs(ctx, {"confirm": _form("Please confirm", {"ok": {"type": "boolean"}})}, "asked-once")
        return asked or ("state-ok" if ctx.request_state == "asked-once" else "state-lost")

    @server.tool(structured_output=False)
    def test_input_required_result_tampered_state(ctx: Context) -> str | InputRequiredResult:
        """Asks; what it said of itself may not be changed."""
        return _needs(ctx, {"confirm": _form("Please confirm", {"ok": {"type": "boolean"}})}, "sealed") or "complete"

    @server.tool(structured_output=False)
    def test_input_required_result_multiple_inputs(ctx: Context) -> str | InputRequiredResult:
        """Asks for three things at once."""
        requests: dict[str, InputRequest] = {
            "user_name": _form("What is your name?", _NAME),
            "greeting": _sample("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        return _needs(ctx, requests, "three") or "complete"

    @server.tool(structured_output=False)
    def test_input_required_result_multi_round(ctx: Context) -> str | InputRequiredResult:
        """Asks twice, one after the other."""
        if ctx.request_state is None:
            return InputRequiredResult(input_requests={"step1": _form("Step 1: What is your name?", _NAME)}, request_state="1")
        second = {"step2": _form("Step 2: What is your favorite color?", {"color": {"type": "string"}})}
        return _needs(ctx, second, "2") or "complete"
