"""Who the person is, on their page: documents, language, who helps them, the permit of stay, and joined records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.intake.domain import parameter, person_stream
from services.intake.pages.story import words
from services.intake.views.duplicates import waiting
from shared.events.intake import PersonsJoined, PersonsParted
from shared.store.unit import fold
from shared.web.app import name_of
from shared.web.facts import label_of
from shared.web.formats import instant
from shared.web.readers import may

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked

WITHOUT_PERMIT = frozenset({"italy", "eu"})
"""Areas of citizenship that need no permit of stay."""


async def fill_identity(looked: Looked) -> dict[str, Any] | None:
    """Documents, language, help, permit: read from the vault; None where the data were erased."""
    if looked.identity is None:
        return None
    state = fold(person_stream(looked.person_id), looked.recorded).identity
    permit = state.permit
    details = None
    if permit is not None:
        async with looked.store.engine.connect() as conn:
            details = await looked.store.vault.read(conn, permit.details)
    days = (permit.expires_on - looked.on).days if permit and permit.expires_on else None
    near = parameter("permit_reminder_days", looked.on)
    return {
        "permit": permit, "details": details or {}, "days": days,
        "ends_soon": days is not None and days <= near and permit is not None and permit.renewal_asked_on is None,
        "needs_permit": permit is not None or looked.row["citizenship_area"] not in WITHOUT_PERMIT,
        "may_edit": may(looked.reader, "intake.register") and looked.row["stage"] not in ("closed", "unknown")
        and state.joined_into is None,
    }  # fmt: skip


async def fill_same_person(looked: Looked) -> dict[str, Any] | None:
    """The other records of the same person with what was done under them, and those that look alike."""
    state = fold(person_stream(looked.person_id), looked.recorded).identity
    may_join = may(looked.reader, "intake.join")
    async with looked.store.read() as reading:
        pairs = (await waiting(reading, person_id=looked.person_id))[0] if may_join else []
        joined = []
        for member in sorted(state.members):
            joined.append({"id": member, "story": await _story(looked, member, await reading.facts(subjects=[member]))})
    alike = [row["second_id"] if row["first_id"] == looked.person_id else row["first_id"] for row in pairs]
    if not (may_join or joined or state.joined_into):
        return None
    return {"root": state.joined_into, "joined": joined, "alike": alike, "may_join": may_join}


async def _story(looked: Looked, person_id: str, heard: list[Any]) -> list[dict[str, Any]]:
    """All that was recorded under the other id, newest first: to be read here, corrected on that id's own page."""
    own = await looked.store.history(person_id)
    facts = own + [fact for fact in heard if fact.meta.source != "intake"]
    return [
        {
            "when": fact.event.on, "title": label_of(fact.event.TYPE).capitalize(), "text": words(fact.event),
            "by": f"registrato da {name_of(fact.meta.actor)} il {instant(fact.meta.time)}",
        }
        for fact in sorted(facts, key=lambda one: (one.event.on, one.meta.time), reverse=True)
        if not isinstance(fact.event, PersonsJoined | PersonsParted)
    ]  # fmt: skip
