"""The driver: peers are installed, every server goes through the list, and the page is written."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.mcp_safety import fetching, files, install, page, protocol, speed, subjects
from benchmarks.mcp_safety.sites import SITES
from benchmarks.mcp_safety.verdict import Verdict, not_applicable
from benchmarks.mcp_safety.world import World
from synapse import __version__

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mcp-safety.md"
OURS = f"Synapse {__version__}"
_NO_PORT = not_applicable("it talks over its standard streams")


def main() -> None:
    """Try everything, and write the page. Nothing passes or fails here."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mcp_safety", description="MCP servers under hostile input, ours and the peers."
    )
    parser.add_argument("--only", default="", help="only the rows whose text has this; prints, and writes no page")
    parser.add_argument("--calls", type=int, default=300, help="calls that each figure of speed is made of; 0 for none")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="synapse-mcp-safety-") as name:
        text, complete = asyncio.run(_tried(Path(name), asked.only, asked.calls))
    if asked.only or not complete:
        print(text)
    else:
        asked.output.write_text(text, "utf-8")
        _say(f"written: {asked.output}")


async def _tried(folder: Path, only: str, calls: int) -> tuple[str, bool]:
    fetcher, filer = install.fetch_peer(folder), install.files_peer(folder)
    async with World(folder, dict(SITES)) as world:
        fetchers = _fetchers(folder, world, fetcher)
        filers = _filers(folder, filer)
        sections = {
            "Fetching": await _fetching(fetchers, world, only),
            "Files": await _files(filers, folder, only),
            "Protocol": await _protocol(folder, [each.name for each in (*fetchers[1:], *filers[1:])], only),
        }
        figures = await _speeds(fetchers, filers, world, folder, calls) if calls and not only else []
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
    }
    text = page.written(facts, {title: rows for title, rows in sections.items() if rows}, figures)
    return text, fetcher is not None and filer is not None


def _fetchers(folder: Path, world: World, peer: install.Peer | None) -> list[subjects.Fetching]:
    home = folder / "fetching"
    home.mkdir()

    def ours(env: Mapping[str, str]) -> subjects.Starting:
        return subjects.over_http("primary", home, subjects.environment(world.file, **env))

    found = [subjects.Fetching(OURS, "browse_and_extract", ours)]
    if peer is not None:
        command = peer.command

        def theirs(env: Mapping[str, str]) -> subjects.Starting:
            return subjects.over_stdio(command, folder, subjects.environment(world.file, **env))

        found.append(subjects.Fetching(f"{peer.name} {peer.version}", "fetch", theirs, {"max_length": 999_999}))
    return found


def _filers(folder: Path, peer: install.Peer | None) -> list[subjects.Files]:
    home = folder / "files"
    home.mkdir()

    def ours(root: Path, env: Mapping[str, str]) -> subjects.Starting:
        return subjects.over_http("filesystem", home, subjects.environment(SYNAPSE_FILES_ROOT=str(root), **env))

    found = [subjects.Files(OURS, ours, "read_file", "save_file", lambda root, path: path, quotas=True)]
    if peer is not None:
        command = peer.command

        def theirs(root: Path, env: Mapping[str, str]) -> subjects.Starting:
            return subjects.over_stdio((*command, str(root)), folder, subjects.environment(**env))

        name = f"{peer.name} {peer.version}"
        found.append(subjects.Files(name, theirs, "read_text_file", "write_file", lambda root, path: f"{root}/{path}"))
    return found


async def _fetching(servers: Sequence[subjects.Fetching], world: World, only: str) -> list[page.Row]:
    rows = []
    for case in fetching.CASES:
        if only not in case.tried:
            continue
        verdicts = {}
        for server in servers:
            world.forget()
            async with subjects.apart(server.start(case.environment)) as session:
                verdicts[server.name] = await case.attempt(server, session, world)
            _told(server.name, case.tried, verdicts[server.name])
        rows.append(page.Row(case.line, case.tried, case.safe, verdicts))
    return rows


async def _files(servers: Sequence[subjects.Files], folder: Path, only: str) -> list[page.Row]:
    rows = []
    for number, case in enumerate(files.CASES):
        if only not in case.tried:
            continue
        verdicts = {}
        for turn, server in enumerate(servers):
            verdicts[server.name] = await _file_case(case, server, folder / f"place-{number}-{turn}")
            _told(server.name, case.tried, verdicts[server.name])
        rows.append(page.Row(case.line, case.tried, case.safe, verdicts))
    return rows


async def _file_case(case: files.Case, server: subjects.Files, folder: Path) -> Verdict:
    with files.small_disk(folder) if case.small else contextlib.nullcontext(True) as there:
        if not there:
            return not_applicable("mounting needs root")
        place = files.prepared(folder)
        async with subjects.apart(server.start(place.root, case.environment)) as session:
            return await case.attempt(files.Asked(server, session, place))


async def _protocol(folder: Path, peers: Sequence[str], only: str) -> list[page.Row]:
    rows = []
    home = folder / "protocol"
    home.mkdir()
    for case in protocol.CASES:
        if only not in case.tried:
            continue
        starting = subjects.over_http("filesystem", home, subjects.environment(SYNAPSE_MCP_TOKEN=protocol.TOKEN))
        async with subjects.apart(starting) as session:
            verdict = await case.attempt(session)
        _told(OURS, case.tried, verdict)
        rows.append(page.Row(case.line, case.tried, case.safe, {OURS: verdict, **dict.fromkeys(peers, _NO_PORT)}))
    return rows


async def _speeds(
    fetchers: Sequence[subjects.Fetching], filers: Sequence[subjects.Files], world: World, folder: Path, calls: int
) -> list[page.Figures]:
    found: dict[str, dict[str, speed.Speed]] = {"read": {}, "write": {}, "fetch": {}}
    for turn, filer in enumerate(filers):
        place = files.prepared(folder / f"speed-{turn}")
        async with subjects.apart(filer.start(place.root, {})) as session, subjects.other_ways(session) as others:
            for way, asked in {"": session, **others}.items():
                for kind, figure in (await speed.of_files(filer, asked, place.root, calls)).items():
                    found[kind][_by(filer.name, way)] = figure
    for fetcher in fetchers:
        async with subjects.apart(fetcher.start({})) as session, subjects.other_ways(session) as others:
            for way, asked in {"": session, **others}.items():
                for kind, figure in (await speed.of_fetching(fetcher, asked, world, calls)).items():
                    found[kind][_by(fetcher.name, way)] = figure
    titles = {"read": "read a file of 4 kB", "write": "write a file of 4 kB", "fetch": "read a page that may be kept"}
    for kind, speeds in found.items():
        for name, figure in speeds.items():
            _say(f"{name} | {titles[kind]}: {figure.p50:.1f} ms, {figure.rate:.0f}/s")
    return [page.Figures(titles[kind], speeds) for kind, speeds in found.items() if speeds]


def _by(name: str, way: str) -> str:
    return f"{name}, {way}" if way else name


def _told(name: str, tried: str, verdict: Verdict) -> None:
    _say(f"{'  ' if verdict.safe else '! '}{name} | {tried}: {verdict.outcome} {verdict.note}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
