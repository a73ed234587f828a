"""What durability costs: Synapse beside its peers on one shape of no-op work, on servers started for the occasion.

    python -m benchmarks.engine --systems stock_celery,dbos,synapse --rounds 5 --burst 200 --sequential 40

The shape has 16 steps (`shape.py`): plan → 4 → join → 8 → join → 3 in a row. How wide a fan-out is follows from the results
before it, and each result weighs 1 KB. Every system keeps its promises while it is measured: commits are on disk, messages
are persistent and confirmed, tasks are acknowledged after they are done, members of a fan-out may run on any worker.

A system is a class (`system.py`) in a module of `systems/`. All are started and warmed up; in each round they take
turns at runs one at a time, then at bursts; the others idle meanwhile. Ratios are medians of the rounds' own ratios.
"""
