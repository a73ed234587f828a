"""Which class of tenants a run is counted in. The operator names a few; a tenant's own name is never a label."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

from synapse.errors import SynapseError
from synapse.telemetry import metrics

Whose = Callable[[Collection[str]], Mapping[str, str]]
_MOST: Final = 5_000
"""Runs whose class is remembered: of one that is heard of again later than that many others, it is asked anew."""


class TenantClasses:
    """Classes of runs by their tenants, which ``whose`` tells of many runs at once. Used from one thread."""

    def __init__(self, classes: Mapping[str, str], whose: Whose, most: int = _MOST) -> None:
        self._classes, self._whose, self._most = classes, whose, most
        self._known: OrderedDict[str, str] = OrderedDict()
        for name in set(classes.values()):
            metrics.expect_class(name)

    @classmethod
    def none(cls) -> TenantClasses:
        """Nobody is told apart."""
        return cls({}, lambda runs: {})

    def of(self, runs: Collection[str]) -> dict[str, str]:
        """The class of each run. Nothing is asked where there are no classes, and once at most where there are."""
        if not self._classes:
            return dict.fromkeys(runs, metrics.OTHER_CLASS)
        if unknown := [run for run in runs if run not in self._known]:
            # What happened is counted all the same: a database that is away for a moment must not cost that.
            with suppress(SynapseError):
                tenants = self._whose(unknown)
                self._known.update((run, self._classes.get(tenants.get(run, ""), metrics.OTHER_CLASS)) for run in unknown)
        found = {run: self._known.get(run, metrics.OTHER_CLASS) for run in runs}
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return found
