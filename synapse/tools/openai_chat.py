"""The chat protocol over HTTP, by OpenAI's SDK. Only this module knows it; it is loaded with a process's first question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx2
import openai

from synapse import trust
from synapse.settings import LlmSettings, is_loopback
from synapse.tools.chat import Refused, Reply, Unreachable
from synapse.tools.outcome import Outcome, Unanswered

_BUSY_SECONDS: Final = 1.0


def connect(url: str, settings: LlmSettings) -> OpenAiChat:
    """The server at a base URL. Nothing is opened before its first request."""
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key is not None else "none"
    # Times and retries are counted by the caller, against the run's budget. A redirect would take the data elsewhere.
    outside = not is_loopback(urlsplit(url).hostname or "")
    tls = trust.widened(httpx2.create_ssl_context(trust_env=outside))
    http = httpx2.AsyncClient(timeout=None, follow_redirects=False, verify=tls, trust_env=outside)
    client = openai.AsyncOpenAI(api_key=key, base_url=url, max_retries=0, timeout=None, http_client=http)
    # Taken from OPENAI_* variables by the SDK; they are about another account.
    client.organization = client.project = None
    return OpenAiChat(client)


class OpenAiChat:
    """See `synapse.tools.chat.Chat`."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    async def complete(self, request: dict[str, Any]) -> Reply:
        """One chat completion. Raises Refused, Unreachable or Unanswered."""
        completions = cast(Any, self._client.chat.completions)
        with _translated():
            return _read(await completions.create(**request))

    async def models(self) -> list[str]:
        """Names of the models that it says it has. Raises Refused, Unreachable or Unanswered."""
        with _translated():
            listed = getattr(await self._client.models.list(), "data", None)
            return sorted(str(getattr(each, "id", "")) for each in listed or ())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


@contextmanager
def _translated() -> Iterator[None]:
    """The SDK's errors as those of this package."""
    try:
        yield
    except openai.APIStatusError as error:
        raise Refused(error.status_code, str(error.message), _retry_after(error)) from error
    except openai.APIConnectionError as error:
        raise Unreachable from error
    except (openai.APIError, json.JSONDecodeError) as error:
        raise _foreign() from error


def _read(reply: Any) -> Reply:
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices or getattr(choices[0], "message", None) is None:
        raise _foreign()
    choice = choices[0]
    content, finish = choice.message.content, choice.finish_reason
    refused = bool(getattr(choice.message, "refusal", None)) or finish == "content_filter"
    return Reply(content if isinstance(content, str) else "", finish, refused, _tokens(getattr(reply, "usage", None)))


def _tokens(usage: Any) -> tuple[int, int] | None:
    tokens = (getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None))
    if all(isinstance(count, int) and count >= 0 for count in tokens) and sum(cast(tuple[int, int], tokens)) > 0:
        return cast(tuple[int, int], tokens)
    return None


def _foreign() -> Unanswered:
    return Unanswered(Outcome.PROTOCOL, "the server's answer is not of OpenAI's protocol")


def _retry_after(error: openai.APIStatusError) -> float:
    """Seconds that the server asks to wait, as a number or a date; a second when it does not say."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return _BUSY_SECONDS
