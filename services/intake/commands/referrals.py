"""Referrals: made by an accredited organisation, answered by an operator, followed as far as agreed."""

from __future__ import annotations

from services.intake import forms
from services.intake.commands.registration import register_in
from services.intake.domain import person_stream, referrals
from services.intake.domain.referrals import Organisation
from shared.decisions import Decision, Refused
from shared.events.intake import PersonReferred, RegisteredQuickly
from shared.store import Command, Outcome, Store, Unit

VAULT_KIND = "referral"


async def refer(store: Store, command: Command, organisation: Organisation, values: forms.ReferForm) -> Outcome:
    """An organisation refers somebody. Whether the person is known here is not looked up: the organisation
    must not learn it."""

    async def decide(unit: Unit) -> Decision:
        person_id = unit.new_id("person")
        await unit.states(person_stream(person_id))
        reference = await unit.vault.write(VAULT_KIND, person_id, values.identity())
        return referrals.refer(
            person_id=person_id, referral_id=unit.new_id("referral"), organisation=organisation,
            informed_on=values.informed_on, consent=values.consent, agreed=values.agreed, identity=reference,
            on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def referral_of(store: Store, person_id: str, referral_id: str) -> PersonReferred | None:
    """The referral as it was made."""
    for fact in await store.history(person_id):
        if isinstance(fact.event, PersonReferred) and fact.event.referral_id == referral_id:
            return fact.event
    return None


async def accept(store: Store, command: Command, person_id: str, referral_id: str, values: forms.QuickForm) -> Outcome:
    """The referred person is registered, under the id of the referral."""

    async def decide(unit: Unit) -> Decision:
        registered = await register_in(unit, values, person_id)
        if isinstance(registered, Refused):
            return registered
        (person,) = await unit.states(person_stream(person_id))
        accepted = referrals.accept(person.referrals, referral_id=referral_id, person_id=person_id, on=unit.today)
        if isinstance(accepted, Refused):
            return accepted
        return [*registered, RegisteredQuickly(on=values.on, person_id=person_id), *accepted]

    return await store.execute(command, decide, whole=True)


async def accept_known(
    store: Store, command: Command, person_id: str, referral_id: str, values: forms.KnownForm
) -> Outcome:
    """The referred person was in the programme already."""

    async def decide(unit: Unit) -> Decision:
        referred, known = await unit.states(person_stream(person_id), person_stream(values.person_id))
        return referrals.accept_known(
            referred.referrals, referral_id=referral_id, referred_id=person_id, known_id=values.person_id,
            registered=known.registered_on is not None, on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def decline(
    store: Store, command: Command, person_id: str, referral_id: str, values: forms.DeclineForm
) -> Outcome:
    """Answered without a registration."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return referrals.decline(
            person.referrals, referral_id=referral_id, person_id=person_id, reason=values.reason, on=unit.today
        )

    return await store.execute(command, decide)


async def change_agreement(
    store: Store, command: Command, person_id: str, referral_id: str, values: forms.AgreementForm
) -> Outcome:
    """The person agrees that the organisation hears back, or withdraws it."""

    async def decide(unit: Unit) -> Decision:
        (person,) = await unit.states(person_stream(person_id))
        return referrals.change_agreement(
            person.referrals, referral_id=referral_id, person_id=person_id, agreed=values.agreed, on=unit.today
        )

    return await store.execute(command, decide)
