"""The fetch guard: the one way out to addresses that others name. Public addresses only, unless the operator lists a host."""
