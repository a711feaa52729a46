"""The privacy notice of the public questionnaire, by version: a changed text is a new version with its first day.

Its words are a template of its own under templates/intake/public/notices/, which stays as long as somebody's
acknowledgement of it is kept. Source: Regulation (EU) 2016/679, art. 13; retention from the dated parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Notice:
    """A version in force from a day until the next one's."""

    version: str
    valid_from: date


NOTICES = (Notice("2026-01", date(2017, 1, 1)),)


def in_force(on: date) -> Notice:
    """The version in force on that day; before the first, the first."""
    lines = sorted(NOTICES, key=lambda one: one.valid_from)
    return next((one for one in reversed(lines) if one.valid_from <= on), lines[0])
