"""Benchmarks of what comes out, not of how fast.

    python -m benchmarks.quality --sets extraction,wice,grounding,cranfield [--json]

A set is a module; each scores the project's own code beside plain tools in the same run:

| set | what is scored | measure | floor |
|---|---|---|---|
| `extraction` | `synapse.extract`, beside trafilatura as it comes | 4-word shingles, macro: F1, precision | .965, .964 |
| `wice` | `synapse.research.support`, beside greedy IDF coverage and BM25 | evidence F1, AUROC of support | .70, .78 |
| `grounding` | `synapse.research.grounding`, beside a plain share of words | precision, recall of supported statements | .80, .28 |
| `cranfield` | `synapse.corpus`, beside FTS5's BM25 with porter stems | nDCG@10 | .42 |

The data are other people's and stay out of the project: `SYNAPSE_BENCH_DATA` names the folder that holds `extraction/`
(scrapinghub/article-extraction-benchmark), `wice/` (ryokamoi/wice) and `cranfield/`; by default `../shared/data` beside the checkout.
They are development parts: a figure that only rises there is not a gain.

`python -m benchmarks.quality.handbook` needs no data: it asks about documents of an invented company.
"""
