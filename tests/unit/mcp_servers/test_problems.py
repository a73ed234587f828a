from __future__ import annotations

import json

from synapse.mcp_servers.problems import MEDIA_TYPE, problem


def test_a_problem_has_a_stable_type_and_what_it_was_told_besides() -> None:
    response = problem("body-too-large", 413, "the body is too large", instance="/mcp", headers={"Retry-After": "5"}, field="body")
    assert (response.status_code, response.media_type, response.headers["retry-after"]) == (413, MEDIA_TYPE, "5")
    assert json.loads(bytes(response.body)) == {
        "type": "urn:synapse:problem:body-too-large", "title": "Body too large", "status": 413, "detail": "the body is too large",
        "instance": "/mcp", "code": "body-too-large", "field": "body",
    }  # fmt: skip
