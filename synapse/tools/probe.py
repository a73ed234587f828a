"""Whether a server answers as a model: asked once, for next to nothing."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from synapse.errors import SynapseError
from synapse.tools.chat import Chat, Refused
from synapse.tools.offer import Offer
from synapse.tools.prompt import Message

_TOKENS: Final = 16
_LISTED: Final = 5
_NAME: Final = 80
# The word JSON has to be there: some servers refuse the JSON mode without it.
_CONVERSATION: Final[list[Message]] = [{"role": "user", "content": 'Answer with the JSON object {"ok": true}.'}]
# What a model that reasons is said to have done when so few tokens are not enough; then it works.
_CUT: Final = "output limit was reached"


class Working(BaseModel):
    """The answer, which does not matter."""

    model_config = ConfigDict(extra="forbid")

    ok: bool


async def probe(chat: Chat, model: str) -> str:
    """How the server lets itself be told of an answer's shape: json_schema, json_object, or in words only, which is empty.

    One request as those of a run, but for a few tokens; further ones only where it does not know a parameter. Raises Unanswered.
    """
    offer = Offer(model, Working)
    while True:
        try:
            await chat.complete(offer.request(_CONVERSATION, _TOKENS))
        except Refused as error:
            if _CUT in error.said:
                return offer.form
            if not offer.less(error):
                raise
        else:
            return offer.form


async def known_models(chat: Chat) -> str:
    """What models the server has, in words; empty when it does not say."""
    try:
        names = [name[:_NAME] for name in await chat.models() if name]
    except SynapseError:
        return ""
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
