"""Readers of live events over a real API process: what each gets has no gap and nothing twice, whatever becomes of its connections."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.streams.house import House
from benchmarks.streams.load import Driver, Load, Taken


async def _driven(house: House) -> Taken:
    driver = Driver(house, Load(readers=6, submits=4.0, seconds=3.0, cut=0.5))
    driving = asyncio.create_task(driver.run())
    while not driver.taken.tally.events and not driving.done():
        await asyncio.sleep(0.05)
    await asyncio.to_thread(house.restart_api)
    return await driving


def test_no_reader_misses_an_event_or_gets_one_twice_over_cut_connections_and_a_restart(
    postgres_url: str, broker_url: str, tmp_path: Path
) -> None:
    with House(postgres_url, broker_url, tmp_path) as house:
        taken = asyncio.run(_driven(house))
    tally = taken.tally
    assert (tally.lost, tally.twice, dict(tally.statuses)) == (0, 0, {})
    assert tally.runs == len(taken.submits) > 0
    assert tally.connections > tally.runs
