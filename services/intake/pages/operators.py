"""Who can be booked, and who can follow people: the active accounts of the directory, and the reader."""

from __future__ import annotations

from shared.web import directory
from shared.web.readers import Reader, may, role_may


def operators_of(reader: Reader) -> dict[str, str]:
    """Who holds interviews: account -> name, by name."""
    return _who_may("intake.interview", reader)


def absent_of(reader: Reader) -> dict[str, str]:
    """Whose absence can be recorded: who holds interviews, and who did and was stopped, so that their appointments
    find somebody else."""
    stopped = {
        one.account: f"{one.name} (disattivato)"
        for one, active in directory.now().everybody()
        if not active and role_may(one.role, "intake.interview")
    }
    return operators_of(reader) | stopped


def case_managers(reader: Reader) -> dict[str, str]:
    """Who may follow people: account -> name, by name."""
    return _who_may("intake.charge", reader)


def _who_may(action: str, reader: Reader) -> dict[str, str]:
    known = directory.now().who_may(action)
    own = {reader.account: reader.name} if may(reader, action) else {}
    return dict(sorted((known | own).items(), key=lambda one: one[1].casefold()))
