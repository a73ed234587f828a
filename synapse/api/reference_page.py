"""The API's own page at ``/docs``: Swagger UI over ``/openapi.json``, from this machine alone.

FastAPI's would load its program from elsewhere, which says who reads it, and shows nothing where there is no Internet.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from synapse.api.assets import Asset, answer, read
from synapse.api.problems import Refusal

router = APIRouter(include_in_schema=False)
POLICY: Final = (
    # Swagger UI sets styles in elements, and has its icons in its style sheet.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = "index.html"
_OWN: Final = (_PAGE, "reference.js", "reference.css")
_SWAGGER_UI: Final = ("swagger-ui-bundle.js", "swagger-ui.css")


@cache
def assets() -> dict[str, Asset]:
    """Every file, by name; the first visit reads them."""
    own = files("synapse.api").joinpath("reference")
    swagger_ui = files("fastapi_swagger").joinpath("resources")
    read_from = [*(own.joinpath(name) for name in _OWN), *(swagger_ui.joinpath(name) for name in _SWAGGER_UI)]
    return {file.name: read(file) for file in read_from}


@router.get("/docs")
def page(if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The page."""
    return answer(assets()[_PAGE], POLICY, if_none_match)


@router.get("/docs/{file}")
def asset(file: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """One of its files."""
    found = assets().get(file)
    if found is None:
        raise Refusal("not-found", 404, "the API's page has no such file")
    return answer(found, POLICY, if_none_match)
