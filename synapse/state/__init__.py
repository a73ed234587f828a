"""SQL: the tables, the ledger, and the only commits."""
