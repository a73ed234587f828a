"""What a tool is: a typed function, its scope and its hints; and how one is called."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import mcp_types as types
from pydantic import BaseModel

from synapse.api.mcp_face.call import Call
from synapse.api.mcp_face.faults import problem_of
from synapse.contracts.principal import Scope
from synapse.errors import Forbidden

I = TypeVar("I", bound=BaseModel)  # noqa: E741 - the input
O = TypeVar("O", bound=BaseModel)  # noqa: E741 - the output

PROBLEM = "synapse/problem"
"""Key of a refused result's ``_meta``: the problem as the HTTP API would have answered it."""


@dataclass(frozen=True)
class Tool(Generic[I, O]):
    """A tool. Its name, its description and its schemas are those of the function and its models."""

    run: Callable[[Call, I], Awaitable[O]]
    input: type[I]
    output: type[O]
    show: Callable[[O], str]
    """The result in few words, for a model: what is in the structured content need not all be said again."""
    title: str
    scope: Scope
    hints: types.ToolAnnotations

    @property
    def name(self) -> str:
        """The function's."""
        return self.run.__name__

    def listed(self) -> types.Tool:
        """As ``tools/list`` gives it."""
        return types.Tool(
            name=self.name,
            title=self.title,
            description=inspect.getdoc(self.run),
            input_schema=self.input.model_json_schema(),
            output_schema=self.output.model_json_schema(mode="serialization"),
            annotations=self.hints,
        )

    async def called(self, call: Call, arguments: dict[str, Any]) -> types.CallToolResult:
        """What ``tools/call`` gives: the result, or a refusal that names the field and the remedy. Raises nothing of ours."""
        try:
            if not call.principal.allows(self.scope):
                raise Forbidden(f"the credentials lack the scope {self.scope}", remedy="use a key that has it")
            result = await self.run(call, self.input.model_validate(arguments))
        except Exception as error:
            return refused(error)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=self.show(result))], structured_content=result.model_dump(mode="json")
        )


def refused(error: Exception) -> types.CallToolResult:
    """An error as a tool's result: in words, and as a problem for programs."""
    problem = problem_of(error)
    where = f"{problem.field}: " if problem.field else ""
    remedy = f" ({problem.remedy})" if problem.remedy else ""
    lines = [f"{problem.code}: {where}{problem.detail}{remedy}"]
    lines += [f"{fault.field}: {fault.detail}" for fault in (problem.errors or [])[1:]]
    return types.CallToolResult(
        content=[types.TextContent(type="text", text="\n".join(lines))],
        is_error=True,
        _meta={PROBLEM: problem.model_dump(mode="json", exclude_none=True)},
    )


READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""Of a tool that changes nothing and asks nobody but Synapse."""
