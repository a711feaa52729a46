"""THE CONTRACTS: one file per owning service. Nothing else crosses the border between two services."""

from shared.events import enterprise, intake, matching, operations, privacy, reporting, training
from shared.events.base import (
    REGISTRY,
    SERVICES,
    Correction,
    Event,
    NewerVersion,
    UnknownType,
    check_chains,
    load,
)

check_chains()

PARTITIONS: dict[str, int] = {
    "pathway": 12,
    "supply": 3,
    "courses": 3,
    "projects": 3,
    "governance": 1,
    "desks": 3,
    "dead-letters": 1,
}
"""Topics of facts and their partitions. The number never changes: the partition of a key is for ever."""

__all__ = [
    "PARTITIONS", "REGISTRY", "SERVICES", "Correction", "Event", "NewerVersion", "UnknownType", "enterprise",
    "intake", "load", "matching", "operations", "privacy", "reporting", "training",
]  # fmt: skip
