"""What a server is asked besides the text, and what is left out for one that does not know it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel

from synapse.tools.chat import Refused
from synapse.tools.prompt import Message, shape

_SCHEMA, _OBJECT, _MAX_TOKENS, _TEMPERATURE = "json_schema", "json_object", "max_tokens", "temperature"
_REFUSED_PARAMETER: Final = frozenset({400, 415, 422, 501})


class Offer:
    """Requests to one server for one shape of answer."""

    def __init__(self, model: str, answer: type[BaseModel], without: Iterable[str] = ()) -> None:
        self._model, self._answer = model, answer
        self._without = set(without)

    @property
    def without(self) -> frozenset[str]:
        """What is left out."""
        return frozenset(self._without)

    @property
    def form(self) -> str:
        """How the server is told of the shape besides in words: json_schema, json_object, or not at all, which is empty."""
        return next((form for form in (_SCHEMA, _OBJECT) if form not in self._without), "")

    def request(self, conversation: list[Message], most: int) -> dict[str, Any]:
        """A request for an answer of at most so many tokens."""
        given: dict[str, Any] = {"model": self._model, "messages": conversation}
        given["max_completion_tokens" if _MAX_TOKENS in self._without else "max_tokens"] = most
        if _TEMPERATURE not in self._without:
            given["temperature"] = 0
        if self.form == _SCHEMA:
            schema = {"name": self._answer.__name__, "schema": shape(self._answer), "strict": True}
            given["response_format"] = {"type": _SCHEMA, _SCHEMA: schema}
        elif self.form == _OBJECT:
            given["response_format"] = {"type": _OBJECT}
        return given

    def less(self, error: Refused) -> bool:
        """Whether something was asked that the server may not know, and is left out from now on."""
        if error.http_status not in _REFUSED_PARAMETER:
            return False
        said = error.said.lower()
        for parameter, sign in ((_MAX_TOKENS, "max_completion_tokens"), (_TEMPERATURE, "temperature")):
            if sign in said and parameter not in self._without:
                self._without.add(parameter)
                return True
        if form := self.form:
            self._without.add(form)
        return bool(form)
