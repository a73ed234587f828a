"""JMESPath expressions: parsed once, evaluated, and read for what they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

from synapse.errors import Permanent

Path = tuple[str, ...]
MAX_LENGTH = 2000

# Constructs that evaluate their further children on a part of the document, not on the document itself.
_NARROWING = {"projection", "value_projection", "filter_projection", "flatten", "pipe", "slice", "index_expression"}


@lru_cache(maxsize=4096)
def parse(expression: str) -> ParsedResult:
    """The parsed expression. Raises ValueError with the parser's own words, and for a function that there is not."""
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"an expression of {len(expression)} characters; at most {MAX_LENGTH} are read")
    try:
        parsed = jmespath.compile(expression)
        _check(_tree(parsed))
    except (JMESPathError, RecursionError) as error:
        raise ValueError(f"not a JMESPath expression: {str(error).splitlines()[0]}") from error
    return parsed


def evaluate(expression: str, document: Mapping[str, Any]) -> Any:
    """The expression's value on the document. Raises Permanent: the same document gives the same fault again."""
    try:
        return parse(expression).search(document)
    except Exception as error:  # the library lets errors of Python through: TypeError of 'a' < `1`, ValueError of [::0]
        raise Permanent(f"expression {expression!r} failed: {error}") from error


def truth(value: Any) -> bool:
    """JMESPath truth: empty lists, objects and strings, null and false do not hold; zero does."""
    return value is not None and value is not False and value != "" and value != [] and value != {}


@lru_cache(maxsize=4096)
def references(expression: str) -> tuple[Path, ...]:
    """The paths that the expression reads from the document's root, as far as they are plain fields.

    ``steps.plan.questions[].text`` gives ``("steps", "plan", "questions")``; ``@`` at the root gives ``()``.
    """
    return tuple(dict.fromkeys(_roots(_tree(parse(expression)))))


@lru_cache(maxsize=4096)
def plain_path(expression: str) -> Path | None:
    """The path, when the expression is nothing but one (``a.b.c``); else None."""
    return _field_path(_tree(parse(expression)))


def _tree(parsed: ParsedResult) -> dict[str, Any]:
    return cast(dict[str, Any], parsed.parsed)


def _check(ast: dict[str, Any]) -> None:
    """Raise ValueError for what the parser lets pass and a run would suffer from."""
    children = ast.get("children", [])
    if ast["type"] == "subexpression" and children[0]["type"] == "not_expression":
        raise ValueError("'!a.b' means '(!a).b', which is always null; write '!(a.b)'")
    if ast["type"] == "function_expression":
        known = Functions.FUNCTION_TABLE.get(ast["value"])
        if known is None:
            raise ValueError(f"not a JMESPath expression: there is no function {ast['value']}()")
        takes = known["signature"]
        variadic = bool(takes and takes[-1].get("variadic"))
        if len(children) < len(takes) or (len(children) > len(takes) and not variadic):
            raise ValueError(f"not a JMESPath expression: {ast['value']}() takes {len(takes)} arguments, not {len(children)}")
    for child in children:
        if isinstance(child, dict):
            _check(child)


def _field_path(ast: dict[str, Any]) -> Path | None:
    if ast["type"] == "field":
        return (ast["value"],)
    if ast["type"] == "subexpression":
        parts = [_field_path(child) for child in ast["children"]]
        return None if None in parts else tuple(name for part in parts if part for name in part)
    return None


def _roots(ast: dict[str, Any]) -> Iterator[Path]:
    kind, children = ast["type"], ast.get("children", [])
    if kind in ("literal", "expref"):
        return
    if kind in ("current", "identity"):
        yield ()
        return
    path = _field_path(ast)
    if path is not None:
        yield path
    elif kind == "subexpression":
        yield from _chained(children)
    elif kind in _NARROWING:
        yield from _roots(children[0])
    else:
        for child in children:
            yield from _roots(child)


def _chained(children: list[dict[str, Any]]) -> Iterator[Path]:
    """The paths of ``a.b.<something else>``: the leading fields, and what the rest reads of their value."""
    leading: Path = ()
    for child in children:
        path = _field_path(child)
        if path is None:
            yield from ((*leading, *below) for below in list(_roots(child)) or [()])
            return
        leading += path
