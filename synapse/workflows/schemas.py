"""What JSON Schemas tell before anything runs: whether a field exists, and whether two types can meet."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

ANY: Schema = {}
_ALL = frozenset({"object", "array", "string", "number", "boolean", "null"})


def resolve(schema: Schema, root: Schema) -> Schema:
    """The schema behind a local ``$ref``; others are taken as anything."""
    while "$ref" in schema:
        reference = str(schema["$ref"])
        if not reference.startswith("#/$defs/"):
            return ANY
        schema = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), ANY)
    return schema


def types(schema: Schema, root: Schema) -> frozenset[str]:
    """The JSON types a value of the schema may have; integers count as numbers."""
    schema = resolve(schema, root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return frozenset().union(*(types(each, root) for each in schema[union]))
    found = schema.get("type")
    if found is None:
        if "enum" in schema:
            return frozenset().union(*(type_of(each) for each in schema["enum"]))
        return frozenset({"object"}) if "properties" in schema else _ALL
    names = [found] if isinstance(found, str) else found
    return frozenset("number" if name == "integer" else str(name) for name in names)


def type_of(value: Any) -> frozenset[str]:
    """The JSON type of a value."""
    for python, name in ((bool, "boolean"), ((int, float), "number"), (str, "string"), ((list, tuple), "array"), (dict, "object")):
        if isinstance(value, python):
            return frozenset({name})
    return frozenset({"null"})


def field(schema: Schema, root: Schema, name: str) -> Schema | None:
    """The schema of an object's field; None when it can have no such field; ANY when nothing is known."""
    schema = resolve(schema, root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            found = [field(each, root, name) for each in schema[union] if types(each, root) != frozenset({"null"})]
            known = [each for each in found if each is not None]
            return known[0] if len(known) == 1 else ANY if known else None
    if "object" not in types(schema, root):
        return None
    if name in schema.get("properties", {}):
        return dict(schema["properties"][name])
    if "properties" in schema and not schema.get("additionalProperties", False) and schema.get("title"):
        return None
    return ANY if not schema.get("properties") or schema.get("additionalProperties") else None


def at_path(root: Schema, path: tuple[str, ...]) -> tuple[Schema | None, str]:
    """The schema at a path of fields, and the first name for which there is none."""
    schema: Schema = root
    for name in path:
        found = field(schema, root, name)
        if found is None:
            return None, name
        schema = found
    return schema, ""
