"""For whom an account works, as the directory has it: what the scopes compare."""

from __future__ import annotations

from shared.web import directory
from shared.web.readers import Reader


def organisation_of(account: str | None) -> str | None:
    """The code of the organisation of an account: "" for one that is not known, None where nobody (or a machine) is
    meant."""
    if account is None or account.startswith("system:"):
        return None
    return directory.now().organisation_of(account)


def colleagues(reader: Reader) -> list[str]:
    """The accounts of the reader's organisation, those that have left included, and the reader."""
    known = directory.now()
    everybody = {*known.readers, *known.rows} if reader.organisation_code else set()
    own = {account for account in everybody if known.organisation_of(account) == reader.organisation_code}
    return sorted(own | {reader.account})
