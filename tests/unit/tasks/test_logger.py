from __future__ import annotations

from structlog.testing import capture_logs

from synapse.tasks.logger import FinishedRun, LogBatch, logger
from synapse.tools.memory import MemoryToolbox


async def test_each_event_is_one_log_line(tools: MemoryToolbox) -> None:
    events = [{"run": "r1", "seq": 1, "name": "run.started"}, {"run": "r1", "seq": 2, "name": "step.started", "step": "plan", "event": "x"}]
    with capture_logs() as lines:
        result = await logger.function(LogBatch(events=events), tools)
    assert result.logged == 2
    assert [line["event"] for line in lines] == ["run.started", "step.started"]
    assert lines[1] == {"event": "step.started", "log_level": "info", "run": "r1", "seq": 2, "step": "plan", "event_": "x"}


async def test_a_finished_run_is_kept_as_one_file(tools: MemoryToolbox) -> None:
    result = await logger.function(LogBatch(finished=[FinishedRun(run="r1", lines=['{"seq":1}', '{"seq":2}'])]), tools)
    assert tools.files == {"r1/events.jsonl": '{"seq":1}\n{"seq":2}\n'}
    assert [file.path for file in result.files] == ["r1/events.jsonl"]


async def test_an_empty_batch_does_nothing(tools: MemoryToolbox) -> None:
    result = await logger.function(LogBatch(), tools)
    assert (result.logged, result.files, tools.files) == (0, [], {})
