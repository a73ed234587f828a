"""A value that may be missing, where a test needs it."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None, what: str) -> T:
    """The value; fails the test, by its name, where it is missing."""
    assert value is not None, f"there is no {what}"
    return value
