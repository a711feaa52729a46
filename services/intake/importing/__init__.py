"""Files of many people: the online questionnaire's CSV and the archive's, decided and reported row by row."""

from services.intake.importing.jobs import KINDS, Kind, RowResult, progress, recent, report, start, step
from services.intake.importing.table import Field, NotReadable, read, template

__all__ = [
    "KINDS", "Field", "Kind", "NotReadable", "RowResult", "progress", "read", "recent", "report", "start", "step",
    "template",
]  # fmt: skip
