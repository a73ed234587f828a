"""The JSON object in what a model said: reasoning and code fences taken off, common slips mended."""

from __future__ import annotations

import json
import re
from typing import Any

_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Some templates open the block in the prompt, so that only its end is in the answer.
_END_OF_THOUGHT = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)


def spoken(text: str) -> str:
    """What was said after thinking; empty when thinking was all there was."""
    return _END_OF_THOUGHT.sub("", _THOUGHT.sub("", text)).strip()


def plain(text: str) -> dict[str, Any] | None:
    """The last JSON object that stands there without a slip; None when there is none."""
    for candidate in reversed(_candidates(text)):
        opened = candidate.find("{")
        if opened < 0:
            continue
        try:
            value, _ = json.JSONDecoder().raw_decode(candidate, opened)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def mended(text: str) -> dict[str, Any]:
    """The object with its slips mended. Raises ValueError, saying what is wrong, when there is none.

    Trailing commas, single quotes, missing quotes and an end that was cut off are mended; what the object then holds is for the
    caller to check, as a cut may also have shortened a text in it.
    """
    said = _candidates(text)[-1]
    opened = said.find("{")
    if opened < 0:
        raise ValueError("there is no JSON object in it")
    # Imported where it is needed: a worker without a model never loads it.
    import json_repair

    try:
        value = json_repair.loads(said[opened:])
    except (ValueError, RecursionError) as error:
        raise ValueError("its JSON cannot be read") from error
    if isinstance(value, list):
        value = next((each for each in value if isinstance(each, dict)), None)
    if not isinstance(value, dict) or not value:
        raise ValueError("its JSON cannot be read")
    return value


def _candidates(text: str) -> list[str]:
    said = spoken(text)
    return [said, *(fenced for fenced in _FENCE.findall(said) if "{" in fenced)]
