"""Values of requests as JSON has them: ``true`` is no number, ``1`` is neither true nor false, and a text is none of these.

Without that a client's mistake would be taken for what somebody meant, and the API would take what its own schema refuses.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Strict


def _no_stand_in(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        raise ValueError("Input should be a valid integer")
    return value


Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
Whole = Annotated[int, BeforeValidator(_no_stand_in)]
"""An integer, also one written as 5.0: JSON knows no difference."""
