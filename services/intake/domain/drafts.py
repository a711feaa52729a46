"""What is kept of a form while it is being written, and for how long."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from services.intake.domain.parameters import parameter

FORM = re.compile(r"^/intake/[a-z0-9][a-z0-9/-]{0,180}$")
"""Where the form is sent, which is also what it is called here: ids may stand in it, typed words never."""
_PERSON = re.compile(r"/persone/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:/|$)")
LARGEST = 200_000
"""Bytes of one draft: longer than the longest form with every text at its limit is a mistake."""


def subject_of(form: str) -> str | None:
    """The person whom the form is about, if it says so: their drafts go when they are erased."""
    found = _PERSON.search(form)
    return found[1] if found else None


def kept_since(now: datetime, today: date) -> datetime:
    """Drafts last saved before this instant are over."""
    return now - timedelta(days=parameter("draft_days", today))
