"""The event store of one service: decisions in, numbered facts out, in one transaction.

`execute` runs a decision once, whatever is repeated: its facts get ids from the command's cause, so a second
try finds them and returns the first outcome. The unique (stream, version) is the optimistic lock. As the last
act of the transaction, under the counter rows locked in order, each fact gets the next gapless number of its
(source, topic, partition) and the id of its predecessor; so numbers become visible in order and the relay is
a plain cursor. (An identity column as cursor loses rows: transactions commit out of order.)
"""

from shared.checked import DatabaseUnchecked
from shared.store.statements import COLUMNS, INSERT, META, columns, read_row
from shared.store.store import CONFLICTS, TRIES, Store, to_json
from shared.store.transaction import (
    Accepted,
    Decide,
    Outcome,
    TooLarge,
    Transaction,
)
from shared.store.unit import Command, Unit, UnitVault, fold

MAX_HOPS = 16
"""More steps of cause and effect than this are a circle that nobody meant."""

__all__ = [
    "COLUMNS", "CONFLICTS", "INSERT", "MAX_HOPS", "META", "TRIES", "Accepted", "Command", "DatabaseUnchecked", "Decide",
    "Outcome", "Store", "TooLarge", "Transaction", "Unit", "UnitVault", "columns", "fold", "read_row", "to_json",
]  # fmt: skip
