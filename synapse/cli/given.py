"""What was typed, as the values that a request takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from synapse.cli.exits import Usage

Model = TypeVar("Model", bound=BaseModel)
_SPAN: Final = re.compile(r"([0-9]{1,9})([smhd]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def built(model: type[Model], given: Mapping[str, Any]) -> Model:
    """The request of what was given; None is not given. Raises Usage naming the first thing that is wrong."""
    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Usage(first["msg"], field=".".join(str(part) for part in first["loc"]) or None) from error


def span(text: str | None) -> int | None:
    """Seconds of ``90``, ``90s``, ``15m``, ``6h`` or ``1d``. Raises Usage."""
    if text is None:
        return None
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Usage(f"{text!r} is no span of time", remedy="e.g. 90s, 15m, 6h, 1d")
    return int(found[1]) * _UNITS[found[2]]


def json_object(text: str | None, option: str) -> dict[str, Any] | None:
    """The object that an option holds as JSON. Raises Usage."""
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Usage(f"is no JSON: {error}", field=option) from error
    if not isinstance(found, dict):
        raise Usage("is no JSON object", field=option)
    return found
