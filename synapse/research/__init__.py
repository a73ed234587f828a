"""The pure core: question, sources, sentences, claims, report. No I/O and no clock."""
