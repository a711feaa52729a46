"""Read models of reporting, and the queries on them.

The queries live in a module of their own: a view is built again whenever the module of its fold changes.
"""

from services.reporting.views.folds import (
    PATHWAYS,
    PLACEMENTS,
    THINGS,
    TROUBLES,
    VIEWS,
    fold_pathway,
    fold_placement,
    fold_thing,
    fold_trouble,
)

__all__ = [
    "PATHWAYS", "PLACEMENTS", "THINGS", "TROUBLES", "VIEWS", "fold_pathway", "fold_placement", "fold_thing",
    "fold_trouble",
]  # fmt: skip
