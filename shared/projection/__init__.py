"""Read models, folded from the log.

A *folded* view has one row per thing: the row's id stands in the event and `fold(row, event, meta) -> row` is
pure. Beside a service's views the framework keeps one *journal*, `heard`: one row for each fact that the service
hears. It is the timeline of the pages, and what a row is folded from again when a fact of it is corrected.

A view's table carries a fingerprint of its code (`candidates__3fa9c2d1`): a new version is built beside the old one
and a pointer row switches, since a rename would queue readers, and another shape of row breaks their
prepared statements.
"""

from shared.projection.folding import FoldFailed, Folding, Taken, numbers_of
from shared.projection.reading import Reading, ViewNotReady, heard_row, read_heard
from shared.projection.rows import copy_records, copy_rows, load_rows, write_rows
from shared.projection.view import (
    BY_STREAM,
    HEARD,
    HEARD_COLUMNS,
    Numbers,
    Row,
    View,
    build_indexes,
    create_table,
    members,
    physical,
    prepare,
)

__all__ = [
    "BY_STREAM", "HEARD", "HEARD_COLUMNS", "FoldFailed", "Folding", "Numbers", "Reading", "Row", "Taken", "View",
    "ViewNotReady", "build_indexes", "copy_records", "copy_rows", "create_table", "heard_row", "load_rows", "members",
    "numbers_of", "physical", "prepare", "read_heard", "write_rows",
]  # fmt: skip
