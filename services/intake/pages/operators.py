"""Who can be booked: the known accounts that hold interviews, and the reader."""

from __future__ import annotations

from shared.web.readers import Reader, accounts, may, role_may


def operators_of(reader: Reader) -> dict[str, str]:
    """Account -> name, by name."""
    known = {each.account: each.name for each in accounts().values() if role_may(each.role, "intake.interview")}
    if may(reader, "intake.interview"):
        known[reader.account] = reader.name
    return dict(sorted(known.items(), key=lambda one: one[1]))
