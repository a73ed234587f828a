"""``synapse demo``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    corpus: Annotated[
        Path | None,
        typer.Option(
            "--corpus",
            help="A folder of documents to search. Default: what the Python packages that Synapse is built on say about themselves.",
        ),
    ] = None,
    question: Annotated[str | None, typer.Option("--question", help="What to ask.")] = None,
) -> None:
    """See it work: start everything, ask one question, print the report, stop everything."""
    from synapse.cli.demonstration import demonstrate

    demonstrate(corpus, question)
