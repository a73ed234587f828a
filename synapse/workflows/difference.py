"""How two definitions differ: part by part, and as text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

from synapse.contracts.catalogue import ChangeKind, DefinitionChange
from synapse.contracts.workflow import Workflow, kind_of
from synapse.workflows.definition import to_data, to_yaml

_NAMED: Final = {"step", "timer", "wait_for", "approval", "foreach"}


def changes(before: Workflow, after: Workflow) -> tuple[DefinitionChange, ...]:
    """What differs. A node that only moved along in its list, because of one that was put in before it, does not."""
    return tuple(_changes(to_data(before), to_data(after), "", ""))


def text(before: Workflow, after: Workflow) -> str:
    """A unified diff of both in YAML; empty when they are the same."""
    old, new = (to_yaml(each).splitlines(keepends=True) for each in (before, after))
    return "".join(difflib.unified_diff(old, new, f"{before.name}@{before.version}", f"{after.name}@{after.version}"))


def _changes(before: Any, after: Any, old: str, new: str) -> Iterator[DefinitionChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*after, *before)):
            was, is_ = f"{old}.{key}".lstrip("."), f"{new}.{key}".lstrip(".")
            if key not in after:
                yield DefinitionChange(path=was, kind=ChangeKind.REMOVED, before=before[key])
            elif key not in before:
                yield DefinitionChange(path=is_, kind=ChangeKind.ADDED, after=after[key])
            else:
                yield from _changes(before[key], after[key], was, is_)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, old, new)
    elif _same(before) != _same(after):
        yield DefinitionChange(path=new, kind=ChangeKind.CHANGED, before=before, after=after)


def _of_lists(before: list[Any], after: list[Any], old: str, new: str) -> Iterator[DefinitionChange]:
    matcher = difflib.SequenceMatcher(None, [_identity(each) for each in before], [_identity(each) for each in after], autojunk=False)
    for _, low, high, from_, to in matcher.get_opcodes():
        # What stands in the place of something else of its kind has become that; the rest went or came.
        paired = 0
        while low + paired < high and from_ + paired < to and _kind(before[low + paired]) == _kind(after[from_ + paired]):
            was, is_ = f"{old}[{low + paired}]", f"{new}[{from_ + paired}]"
            yield from _changes(before[low + paired], after[from_ + paired], was, is_)
            paired += 1
        for number in range(low + paired, high):
            yield DefinitionChange(path=f"{old}[{number}]", kind=ChangeKind.REMOVED, before=before[number])
        for number in range(from_ + paired, to):
            yield DefinitionChange(path=f"{new}[{number}]", kind=ChangeKind.ADDED, after=after[number])


def _identity(value: Any) -> str:
    """What tells a member of a list from the others: a node's id, where it has one; else all of it."""
    kind = kind_of(value)
    return f"{kind} {value[kind]}" if kind in _NAMED else _same(value)


def _kind(value: Any) -> str:
    return kind_of(value) or type(value).__name__


def _same(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
