"""The page of the reference that the figures are written to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.mcp_safety.speed import Speed
from benchmarks.mcp_safety.verdict import Outcome, Verdict

INTRODUCTION = """# MCP servers under hostile input

Made by `make bench-mcp` (`python -m benchmarks.mcp_safety`): do not edit. {date}, Python {python}, {cores} cores, {system}.

Synapse's two servers and the reference servers of the protocol, installed that day from their registries, are put through one list: each
server gets the same calls over MCP (streamable HTTP for ours, standard streams for the others), with the settings that it has when nothing
is set, and in a fresh process for each row. Only where tokens and quotas are tried are they set. For what fetches, names and connections
lead to a hostile site on loopback, and each address that is dialled is written down; what is not public leads to a site that answers with
a secret. Of several attempts in a row the worst counts, and how many went wrong is told. Memory is that of a server and all processes that
it starts, over what they had after an ordinary page; what they share counts once.

| outcome | meaning |
| --- | --- |
| refused | one clear error |
| answered safely | an answer that gives away nothing |
| accepted | what should have been refused was done, without harm at once |
| swelled | more than 64 MB of memory were added |
| leaked | something outside or inside was read, changed or dialled |
| hung | no answer in time |
| crashed | the process or the session ended |
| n.a. | the server has nothing of the kind |
"""


@dataclass(frozen=True)
class Row:
    """A case and its verdicts, by server."""

    line: int
    tried: str
    safe: str
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True)
class Figures:
    """Speed by server, for each kind of call, and what the call is."""

    title: str
    speeds: Mapping[str, Speed]


def written(facts: Mapping[str, str], sections: Mapping[str, Sequence[Row]], figures: Sequence[Figures]) -> str:
    """The page."""
    text = INTRODUCTION.format(**facts)
    for title, rows in sections.items():
        text += f"\n## {title}\n\n" + _section(rows)
    if figures:
        text += "\n## Speed\n\n" + _speeds(figures)
    return text


def _section(rows: Sequence[Row]) -> str:
    servers = list(rows[0].verdicts)
    table = [["line", "tried", "a safe server", *servers], ["---"] * (3 + len(servers))]
    table += [[str(row.line), row.tried, row.safe, *(_shown(row.verdicts[server]) for server in servers)] for row in rows]
    total = "; ".join(f"{server}: {_count(row.verdicts[server] for row in rows)}" for server in servers)
    return _table(table) + f"\n{total}.\n"


def _count(verdicts: Iterable[Verdict]) -> str:
    asked = [verdict for verdict in verdicts if verdict.outcome is not Outcome.NOT_APPLICABLE]
    return f"safe in {sum(verdict.safe for verdict in asked)} of {len(asked)}"


def _shown(verdict: Verdict) -> str:
    outcome = str(verdict.outcome) if verdict.safe else f"**{verdict.outcome}**"
    return f"{outcome}: {verdict.note}" if verdict.note else outcome


def _speeds(figures: Sequence[Figures]) -> str:
    text = (
        "One call after the other (milliseconds, median), and calls a second with eight at once, over one session whose connections are\n"
        "kept. Ours are asked over HTTP: by the SDK's client as it comes, by the client that agents have, which does not negotiate and\n"
        "tries again, and without MCP. The others are asked over a pipe to their own process. Ours flush what they write to the disk.\n\n"
    )
    table = [["call", "server", "p50 ms", "calls/s", "ours to theirs, p50"], ["---"] * 5]
    for each in figures:
        ours = next(iter(each.speeds.values())).p50
        for server, speed in each.speeds.items():
            table.append([each.title, server, f"{speed.p50:.1f}", f"{speed.rate:.0f}", f"{ours / speed.p50:.2f}"])
    return text + _table(table)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
