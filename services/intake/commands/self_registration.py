"""The public questionnaire is sent; an operator accepts or discards it. What is old is taken away."""

from __future__ import annotations

from uuid import UUID, uuid5

from sqlalchemy import text

from services.intake import questionnaire
from services.intake.commands.registration import register_in
from services.intake.domain import person_stream
from services.intake.domain import self_registration as rules
from services.intake.domain.self_registration import contact_stream
from services.intake.forms import self_registration as forms
from shared.decisions import Decision, Refused
from shared.events.intake import ContactAccepted
from shared.service import Due
from shared.store import Command, Outcome, Store, Unit

SENT = UUID("0d8d6f0c-6a3d-5f36-8a55-3f0a5d6c6b11")


def sent_cause(draft_id: str) -> str:
    """The cause of sending a draft: however often it is sent, it counts once."""
    return str(uuid5(SENT, draft_id))


async def receive_contact(store: Store, command: Command, draft: questionnaire.Draft) -> Outcome:
    """The questionnaire is sent: its answers change from draft to contact. Nothing is compared with who is known:
    neither the answer nor its time may tell."""

    async def decide(unit: Unit) -> Decision:
        (contact,) = await unit.states(contact_stream(draft.id))
        answers = {name: value for name, value in draft.values.items() if name not in ("steps", "language", "notice")}
        reference = await unit.vault.write(questionnaire.SENT_KIND, draft.id, answers)
        await unit.conn.execute(
            text("delete from vault_rows where subject = :id and kind = :kind"),
            {"id": draft.id, "kind": questionnaire.KIND},
        )
        return rules.receive_contact(
            contact, contact_id=draft.id, language=draft.values["language"], notice=draft.values["notice"],
            channel=answers["channel"], municipality=answers["municipality"], answers=reference, on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide, whole=True)


async def accept_contact(store: Store, command: Command, contact_id: str, values: forms.AcceptForm) -> Outcome:
    """The contact becomes a registration, in one transaction, under the rules of any registration."""

    async def decide(unit: Unit) -> Decision:
        (contact,) = await unit.states(contact_stream(contact_id))
        person_id = values.known or unit.new_id("person")
        accepted = rules.accept_contact(contact, contact_id=contact_id, person_id=person_id, on=unit.today)
        if isinstance(accepted, Refused):
            return accepted
        if values.known is not None and not (await unit.states(person_stream(values.known)))[0].registered_on:
            return Refused("not_registered", "Questa persona non è iscritta.", "known")
        registered = await register_in(unit, values, person_id, "questionnaire")
        return registered if isinstance(registered, Refused) else [*accepted, *registered]

    return await store.execute(command, decide, whole=True)


def accepted_as(outcome: Outcome) -> str:
    """Whom the accepted contact became."""
    assert not isinstance(outcome, Refused)
    return next(fact.event.person_id for fact in outcome.events if isinstance(fact.event, ContactAccepted))


async def discard_contact(store: Store, command: Command, contact_id: str, values: forms.DiscardForm) -> Outcome:
    """The contact is laid aside, with its reason."""

    async def decide(unit: Unit) -> Decision:
        (contact,) = await unit.states(contact_stream(contact_id))
        known = False
        if values.person_id is not None:
            (person,) = await unit.states(person_stream(values.person_id))
            known = person.registered_on is not None
        return rules.discard_contact(
            contact, contact_id=contact_id, reason=values.reason, person_id=values.person_id, known=known,
            on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def forget(unit: Unit, due: Due) -> Decision:
    """A draft, a contact or a referral whose time is over: its key goes first, then its rows and its code."""
    await unit.store.vault.erase(unit.conn, due.key)
    return []
