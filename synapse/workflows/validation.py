"""JSON Schemas of definitions: checked when they are written down, and values checked against them. Nothing is ever fetched for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema
import referencing
import referencing.exceptions
import referencing.jsonschema

from synapse.errors import InvalidInput, InvalidWorkflow

# What stands below these is a value, not a schema.
_VALUES: Final = {"const", "default", "enum", "examples"}
_NOTHING: Final[referencing.Registry[Any]] = referencing.Registry()
"""Without it the library asks the network for what a schema refers to."""


def check_schema(schema: Mapping[str, Any], at: str) -> None:
    """Raise InvalidWorkflow for what is no JSON Schema, and for one that refers to what it does not hold itself."""
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise InvalidWorkflow(f"not a JSON Schema: {error.message}", field=at) from error
    resource = referencing.jsonschema.DRAFT202012.create_resource(dict(schema))
    resolver = _NOTHING.with_resource("", resource).resolver()
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except referencing.exceptions.Unresolvable as error:
            raise InvalidWorkflow(
                f"the schema refers to {reference[:200]!r}, which it does not hold", field=at, remedy="put it under $defs: '#/$defs/name'"
            ) from error


def check_value(schema: Mapping[str, Any], value: Any, at: str, kind: type[InvalidInput] = InvalidInput) -> None:
    """Raise an error of that kind, naming the field, when the value does not fit the schema."""
    try:
        faults = jsonschema.Draft202012Validator(schema, registry=_NOTHING).iter_errors(value)
        error = next(iter(sorted(faults, key=lambda each: [str(part) for part in each.path])), None)
    except (referencing.exceptions.Unresolvable, RecursionError) as broken:
        raise kind(f"cannot be checked, for its schema refers to nothing or to itself: {str(broken)[:200]}", field=at) from broken
    if error is not None:
        raise kind(error.message[:500], field=".".join([at, *(str(part) for part in error.path)]))


def _references(schema: Any) -> Iterator[str]:
    left = [schema]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            yield from (value for key, value in each.items() if key in ("$ref", "$dynamicRef") and isinstance(value, str))
            left += [value for key, value in each.items() if key not in _VALUES]
        elif isinstance(each, list):
            left += each
