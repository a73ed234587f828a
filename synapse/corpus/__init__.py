"""Local collections of documents: one SQLite FTS5 file per corpus, built whole and swapped in, so readers never wait or see half."""
