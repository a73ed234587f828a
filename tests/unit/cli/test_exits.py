from __future__ import annotations

import pytest

from synapse.cli.exits import Exit, RunFailed, Usage, complain, exit_of
from synapse.client import Unreachable
from synapse.errors import Conflict, SynapseError


@pytest.mark.parametrize(("error", "code"), [(Conflict(), 1), (Usage(), 2), (RunFailed(), 3), (Unreachable(), 4)])
def test_each_kind_of_error_has_its_exit_code(error: SynapseError, code: int) -> None:
    assert exit_of(error) == code
    assert Exit(code)


def test_a_complaint_is_a_line_and_its_remedy_another(capsys: pytest.CaptureFixture[str]) -> None:
    complain("it\nbroke  twice", "mend it")
    assert capsys.readouterr().err == "error: it broke twice\ntry:   mend it\n"
