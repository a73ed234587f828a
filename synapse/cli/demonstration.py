"""The demonstration: everything is started, one question is asked as any client would, everything is stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from synapse.cli import consoles, report_view
from synapse.cli.asking import ask
from synapse.cli.client import Api
from synapse.cli.house import House, Ports, check_home
from synapse.cli.indexing import index, summary
from synapse.cli.text import counted, seconds
from synapse.contracts.run import RunDetail, RunRequest
from synapse.errors import InvalidInput
from synapse.service.corpora import Indexed
from synapse.settings import ApiSettings, StorageSettings
from synapse.telemetry import logs

QUESTION: Final = "How do FastAPI dependencies with yield work, and when does their exit code run?"
OWN_CORPUS: Final = "demo"


def demonstrate(corpus: Path | None, question: str | None, *, as_json: bool = False) -> None:
    """Ask one question of a corpus and print the report. Raises SynapseError kinds."""
    logs.configure(quiet=True)
    console = consoles.err()
    if corpus is not None and not corpus.exists():
        raise InvalidInput(f"there is no {corpus}", field="--corpus")
    check_home()
    indexed = _index(console, corpus)
    began = time.monotonic()
    # Workers here whatever the broker is: others would not know these free ports.
    with House(Ports.from_settings().free(), workers=True) as house:
        started = ", ".join(f"{name} {url}" for name, url in house.addresses.items())
        console.print(Text(f"Started in {seconds(time.monotonic() - began)}: {started}"), soft_wrap=True)
        token = ApiSettings().api_token
        with Api(house.api_url, token.get_secret_value() if token else None) as api:
            run = ask(console, api, RunRequest(input={"question": question or _question(corpus), "corpus": indexed.name}))
            report = api.report(run.id)
        if as_json:
            sys.stdout.write(report.model_dump_json() + "\n")
        else:
            report_view.show(consoles.out(), report)
        _where(console, run)
    console.print(Text("Everything is stopped again. 'synapse up' keeps it running."))


def _question(corpus: Path | None) -> str:
    if corpus is None:
        return QUESTION
    # Nobody said what to ask: the most general thing that can be asked of documents whose name is all that is known.
    return f"What is {corpus.resolve().stem.replace('-', ' ').replace('_', ' ')} and how is it used?"


def _index(console: Console, corpus: Path | None) -> Indexed:
    console.print(Text(f"Indexing {corpus or 'what the Python packages that Synapse is built on say about themselves'} …"), soft_wrap=True)
    indexed = index(corpus, OWN_CORPUS, only_used=True)
    if not indexed.documents:
        raise InvalidInput(
            f"there is nothing to read in {corpus}", field="--corpus", remedy="HTML, Markdown, reStructuredText and text files are read"
        )
    console.print(Text(f"Indexed {summary(indexed)}"))
    return indexed


def _where(console: Console, run: RunDetail) -> None:
    spent = (run.finished_at - run.created_at).total_seconds() if run.finished_at else 0.0
    counts = run.output["counts"]
    read = f"{counted(counts['sources'], 'page')} read, {counts['cited']} cited"
    stated = f"{counted(counts['sentences'], 'statement')}, {counts['corroborated']} corroborated"
    console.print(Text(f"{stated}; {read}; {seconds(spent)} from question to report", "bold"))
    for file in run.output["files"]:
        console.print(Text(f"  {file['path'].rpartition('/')[2]:<14} {file['uri']}"), soft_wrap=True)
    console.print(Text(f"  {'stored pages':<14} {(StorageSettings().home / 'blobs').absolute()}"), soft_wrap=True)
