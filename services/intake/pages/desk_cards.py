"""The desk's cards of the person's page: what a quick registration left out, and who referred the person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.directory import organisation_called
from services.intake.domain.referrals import disclosure, heard
from services.intake.views.reception import missing
from services.intake.views.referrals import of_person
from shared.events.intake import PersonRegistered, RegisteredQuickly

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked


async def what_is_missing(looked: Looked) -> dict[str, Any] | None:
    """What is still to be asked of somebody who was registered quickly."""
    quick = False
    for fact in looked.recorded:
        match fact.event:
            case PersonRegistered():
                quick = False
            case RegisteredQuickly():
                quick = True
            case _:
                pass
    if not quick or looked.identity is None or looked.row["stage"] == "closed":
        return None
    names = missing(looked.profile)
    if not looked.identity.get("phone") and not looked.identity.get("email"):
        names.append("contacts")
    if not looked.identity.get("tax_code"):
        names.append("tax_code")
    return {"names": names} if names else None


async def who_referred(looked: Looked) -> dict[str, Any] | None:
    """Who referred the person, and what those hear back."""
    async with looked.store.read() as reading:
        rows = [row for row in await of_person(reading, looked.person_id) if row["organisation"] is not None]
    if not rows:
        return None
    on = looked.on
    return {
        "rows": [
            row
            | {
                "by": organisation_called(row["organisation"]),
                "public": disclosure(row["kind"], on).public,
                "heard": heard(row["kind"], row["level"], on),
            }
            for row in rows
        ]
    }
