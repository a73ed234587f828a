from __future__ import annotations

import pytest

from synapse.corpus.docstrings import read_module
from synapse.errors import Permanent

LONG = "It says so at length. " * 20
SOURCE = f'''
"""Tools for things. More about them.

{LONG}
"""
from typing import Annotated

#: How many things there may be, see :class:`Thing`.
LIMIT = 3

class Thing(Base):
    """A thing with :meth:`run` and ``code``."""

    #: Acknowledge **after** the work is done.
    acks_late = False

    name: str = ""
    """What it is called."""

    def run(self, what, *args, retry=True, **options):
        """Run it.

        Arguments:
            what (str): The thing to run.
        """

    def _private(self):
        """Hidden."""

    def undocumented(self):
        pass

if True:
    async def later(path: Annotated[str, Doc("""The **path** of it.""")]) -> None:
        """
        Do it `later`.

        ```python
        later("x")
        ```
        """

raise SystemExit("importing this would end the test")
'''


def test_names_head_what_is_said_of_them_and_nothing_is_run() -> None:
    document = read_module(SOURCE, "pkg.mod")
    assert document.title == "pkg.mod: Tools for things"
    assert [heading.text for heading in document.headings] == [
        "pkg.mod: Tools for things",
        "pkg.mod.LIMIT",
        "class pkg.mod.Thing",
        "pkg.mod.Thing.acks_late",
        "pkg.mod.Thing.name",
        "pkg.mod.Thing.run(what, *args, retry, **options)",
        "pkg.mod.later(path)",
    ]
    for said in (
        "How many things there may be, see Thing.",
        "A thing with run and code.",
        "Acknowledge after the work is done.",
        "What it is called.",
        "what (str): The thing to run.",
        "Do it later.",
        '    later("x")',
        "path: The path of it.",
    ):
        assert said in document.text
    for hidden in ("Hidden.", "_private", "undocumented"):
        assert hidden not in document.text


@pytest.mark.parametrize("source", ["def broken(:", "x = 1", '"""Short."""', "\x00"])
def test_a_module_without_documentation_is_left_out_with_a_reason(source: str) -> None:
    with pytest.raises(Permanent):
        read_module(source, "m")


def test_a_title_that_only_repeats_the_name_or_runs_on_is_the_name() -> None:
    assert read_module(f'"""mod\n\n{LONG}"""', "pkg.mod").title == "pkg.mod"
    assert read_module(f'"""{"word " * 60}"""', "pkg.mod").title == "pkg.mod"
