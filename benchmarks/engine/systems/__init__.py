"""One module per system; each defines a class `System` (see `benchmarks.engine.system`)."""
