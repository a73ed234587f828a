"""What durability costs: Synapse beside its peers on one shape of no-op work, on servers started for the occasion.

    python -m benchmarks.engine --systems stock_celery,dbos,synapse --rounds 5 --burst 200 --sequential 40

The shape has 16 steps (`shape.py`): plan → 4 → join → 8 → join → 3 in a row. How wide a fan-out is follows from the results
before it, and each result weighs 1 KB. Every system keeps its promises while it is measured: commits are on disk, messages
are persistent and confirmed, tasks are acknowledged after they are done, members of a fan-out may run on any worker.

A system is a class (`system.py`) in a module of `systems/`. In each round each system in turn starts its workers, warms up,
and is measured alone: workers of the others are not there to take the processor. Figures are medians over the rounds.
"""
