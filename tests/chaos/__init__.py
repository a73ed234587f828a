"""What fails, where, and what becomes of the runs: each row of docs/reference/failure-matrix.md is a test in here."""
