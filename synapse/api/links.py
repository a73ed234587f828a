"""Where else things can be looked at: what the console links to."""

from __future__ import annotations

from fastapi import APIRouter, Request

from synapse.contracts.links import Links
from synapse.settings import ConsoleSettings

router = APIRouter(prefix="/v1", tags=["operations"])


def links_of(settings: ConsoleSettings) -> Links:
    """The links that the settings name."""
    flower = settings.console_flower_url.rstrip("/") if settings.console_flower_url else None
    return Links(flower=flower, grafana=settings.console_grafana_url, trace=settings.console_trace_url)


@router.get("/links")
def links(request: Request) -> Links:
    """Addresses of Flower, Grafana and the traces as the operator has set them. They are links for people: nothing is asked of them."""
    found: Links = request.app.state.links
    return found
