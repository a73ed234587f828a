"""``python -m benchmarks.quality.handbook``: facts told and decoys stated as current, for the open and the held-out questions."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.quality.handbook.citations import Citations
from benchmarks.quality.handbook.pipeline import ask, library
from benchmarks.quality.handbook.score import Question, Score, questions
from synapse.research.render import markdown


def main() -> None:
    """Ask every question, print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missing", action="store_true", help="name what was missed or wrongly told, of the open questions only")
    parser.add_argument("--reports", type=Path, help="write the reports on the open questions into this folder, as Markdown")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as corpora:
        documents = library(Path(corpora))
        citations = Citations()
        scores = {False: Score(), True: Score()}
        for number, question in enumerate(questions(), start=1):
            score = scores[question.held_out]
            started = time.perf_counter()
            report, texts = ask(question.ask, documents)
            score.seconds += time.perf_counter() - started
            score.add(question, report)
            citations.add(report, texts)
            if options.reports and not question.held_out:
                _write(options.reports, number, question, markdown(report))
        documents.close()
    for held_out, score in scores.items():
        print(_line("held out" if held_out else "open", score))
    print(citations.line())
    if options.missing:
        print("\n".join(scores[False].missing))


def _write(folder: Path, number: int, question: Question, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:02}.md").write_text(text + f"\n<!-- facts: {question.facts}; decoys: {question.decoys} -->\n", "utf-8")


def _line(name: str, score: Score) -> str:
    told, whole = score.in_answer / score.facts, score.in_report / score.facts
    stale, shown = score.decoys_in_answer / score.decoys, score.decoys_in_report / score.decoys
    return (
        f"{name:9} facts in the answer {told:6.1%}, in the report {whole:6.1%} of {score.facts};"
        f" decoys as current in the answer {stale:6.1%}, in the report {shown:6.1%} of {score.decoys}; {score.seconds:.2f} s"
    )


if __name__ == "__main__":
    main()
