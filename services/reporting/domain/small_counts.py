"""Small counts are not shown to whoever may not follow single persons.

Source: Regole deontologiche per trattamenti a fini statistici (GU 14 January 2019), art. 5: a threshold of at
least three; the programme's people are fragile, so it is five here (a dated parameter). Where a single cell of
a table is hidden its value would follow from the total: the next smallest is then left out too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.reporting.domain.periods import parameter

HIDDEN = "n.d."


def masked(counts: Mapping[str, int], on: date) -> dict[str, int | str]:
    """The counts as they may be shown: `<5` for the small ones, `n.d.` for the one that would give one away."""
    floor = parameter("small_count", on)
    shown: dict[str, int | str] = {k: f"<{floor}" if 0 < n < floor else n for k, n in counts.items()}
    if sum(isinstance(value, str) for value in shown.values()) == 1:
        others = [(n, k) for k, n in counts.items() if n >= floor]
        if others:
            shown[min(others)[1]] = HIDDEN
    return shown
