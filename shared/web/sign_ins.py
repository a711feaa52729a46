"""The journal of the accounts' sign-ins: every entry, refused entry and exit, append only (migration 0008).

Source: Garante, provvedimento of 27 Nov 2008 on system administrators, point 4.5: complete, unalterable, verifiable,
kept for at least six months. Here it is kept of everybody, since who is an administrator is a role like the others.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from typing import Literal

from sqlalchemy import text
from starlette.requests import Request

from shared import clock
from shared.settings import settings
from shared.store import Store
from shared.web.limits import address_of
from shared.web.problems import SENTENCES, Problem
from shared.web.readers import Reader

log = logging.getLogger("insieme.web")
What = Literal["in", "out", "failed"]
WRITE = text(
    "insert into sign_ins (entry_id, at, event, account, role, organisation, way, reason, address) values"
    " (cast(:id as uuid), :at, :event, :account, :role, :organisation, :way, :reason, :address)"
)


class Journal:
    """Where sign-ins are written: in the database of the service whose pages show them."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    async def write(self, request: Request, event: What, who: Reader | str, reason: str = "") -> None:
        """One row. Raises Problem 503 where it cannot be written: outside the demonstration nobody enters unseen."""
        account, role, organisation = (
            (who, "", "") if isinstance(who, str) else (who.account, who.role, who.organisation)
        )
        values = {
            "id": str(uuid.uuid4()), "at": clock.now(), "event": event, "account": account[:64], "role": role,
            "organisation": organisation, "way": "demo" if request.app.state.provider is None else "oidc",
            "reason": reason[:64], "address": address_of(request),
        }  # fmt: skip
        try:
            async with self._store().engine.begin() as conn:
                await conn.execute(WRITE, values)
        except Exception as error:
            log.error("a sign-in could not be written down: %s", type(error).__name__)
            if settings.mode != "demo" and event == "in":
                raise Problem(503, "database_away", SENTENCES[503]) from None


async def write_down(request: Request, event: What, who: Reader | str, reason: str = "") -> None:
    """Writes it where this site has a journal."""
    journal: Journal | None = request.app.state.sign_ins
    if journal is not None:
        await journal.write(request, event, who, reason)
