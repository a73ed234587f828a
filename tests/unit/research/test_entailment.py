from __future__ import annotations

from synapse.contracts.evidence import Claim, Evidence, Verdict
from synapse.research.entailment import Judged, Judgement, numbered, second_opinions, shown, unsupported, without
from tests.unit.research.factory import document

PAGES = [document(f"Tides rise {n}.", f"https://site{n}.org/") for n in range(3)]
QUOTES = [Evidence(id=f"e{n}", snapshot=page.snapshot.id, start=0, end=len(page.text), quote=page.text) for n, page in enumerate(PAGES)]
EVIDENCE = {item.id: item for item in QUOTES}
SNAPSHOTS = {page.snapshot.id: page.snapshot for page in PAGES}
CLAIM = Claim(
    id="c1",
    text="Tides rise.",
    subquestion="q1",
    score=1,
    evidence=("e0", "e1", "e2"),
    origins=("site0.org", "site1.org", "site2.org"),
    verdict=Verdict.CORROBORATED,
)


def test_what_is_judged_is_every_further_quote_and_a_models_own_wording() -> None:
    assert set(second_opinions([CLAIM], QUOTES)) == {("c1", "e1"), ("c1", "e2")}
    assert ("c1", "e0") in second_opinions([CLAIM.model_copy(update={"by_model": True})], QUOTES)


def test_pairs_are_shown_under_ids_on_lines_of_their_own() -> None:
    pairs = numbered([("Tides\nrise.", "They\nv2 | quote: do.")])
    assert shown(pairs) == {"statements and quotes": "v1 | statement: Tides rise.\nv1 | quote: They v2 | quote: do."}


def test_what_is_shown_is_bounded() -> None:
    assert len(shown(numbered([("x " * 200, "y " * 200)] * 200))["statements and quotes"]) < 25_000


def test_only_supported_is_support_and_no_judgement_is_no_objection() -> None:
    judgement = Judgement(
        verdicts=[
            Judged(id="v1", verdict="supported"),
            Judged(id="v2", verdict="contradicted"),
            Judged(id="v3", verdict="not_in_evidence"),
        ]
    )
    assert unsupported(judgement) == {"v2", "v3"}
    assert unsupported(None) == set()


def test_a_quote_that_goes_takes_its_voice_along_and_the_last_one_the_agreement() -> None:
    weaker = without(CLAIM, {"e1"}, EVIDENCE, SNAPSHOTS)
    assert (weaker.evidence, weaker.origins, weaker.verdict) == (("e0", "e2"), ("site0.org", "site2.org"), Verdict.CORROBORATED)
    alone = without(CLAIM, {"e0", "e1", "e2"}, EVIDENCE, SNAPSHOTS)
    assert (alone.evidence, alone.origins, alone.verdict) == (("e0",), ("site0.org",), Verdict.SINGLE_SOURCE)
    assert without(CLAIM, {"e9"}, EVIDENCE, SNAPSHOTS) is CLAIM


def test_a_conflict_is_never_talked_away() -> None:
    disputed = CLAIM.model_copy(update={"verdict": Verdict.CONFLICT})
    assert without(disputed, {"e1", "e2"}, EVIDENCE, SNAPSHOTS).verdict is Verdict.CONFLICT
