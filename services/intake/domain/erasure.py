"""Erasure as a reasoned decision of two people (Regulation 2016/679, art. 17), with the legal duties that keep some."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from services.intake.domain.parameters import parameter
from services.intake.domain.retention import over
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    DropGround,
    ErasureConfirmed,
    ErasureDropped,
    ErasureGround,
    ErasureProposed,
    ErasureScope,
    KeptDuty,
    MessageFailed,
    PersonErased,
    RightAnswered,
)

if TYPE_CHECKING:
    from services.intake.domain.rights import Proposal
    from services.intake.domain.state import Person


def propose(
    person: Person, *, person_id: str, proposal_id: str, ground: ErasureGround, rule: str | None, by: str | None,
    kept: tuple[KeptDuty, ...], reasons: str | None, today: date,
) -> Decision:  # fmt: skip
    """Somebody proposes the erasure; `kept` are the duties that hold today, which make it a partial one.

    Only of a closed pathway: an open one rests on a task that is still being done (art. 17(1)(a)).
    """
    if person.registered_on is None:
        return Refused("not_registered", "Questa persona non è iscritta.")
    if person.is_open:
        return Refused("pathway_open", "Il percorso è aperto: prima chiudilo, poi proponi la cancellazione dei dati.")
    if person.identity.joined_into is not None:
        return Refused("joined_person", "Questa scheda è unita a un'altra della stessa persona: apri quella.")
    if person.rights.scope == "full":
        return Refused("person_erased", "I dati di questa persona sono già stati cancellati.")
    if person.rights.scope == "partial" and not over(person.rights.kept, today):
        return Refused("still_kept", "Ciò che resta di questa persona è conservato per un obbligo di legge in corso.")
    if person.rights.deciding is not None:
        return Refused("already_proposed", "La cancellazione è già proposta: attende la decisione.")
    waiting = person.rights.waiting("erasure")
    return [
        ErasureProposed(
            on=today, person_id=person_id, proposal_id=proposal_id, ground="request" if waiting else ground,
            rule=rule, request_id=waiting[0] if waiting else None, by=by, scope="partial" if kept else "full",
            kept=kept, reasons=reasons,
        )
    ]  # fmt: skip


def _deciding(person: Person) -> Proposal | Refused:
    return person.rights.deciding or Refused("no_proposal", "Non c'è una proposta di cancellazione da decidere.")


def confirm(person: Person, *, person_id: str, by: str, today: date) -> Decision:
    """A second person confirms. What a rule proposed needs two of them; nobody counts twice.

    It takes effect some days later (`erasure_days`), so that the letter can be given and a mistake be seen: what is
    erased does not come back.
    """
    proposal = _deciding(person)
    if isinstance(proposal, Refused):
        return proposal
    if proposal.state == "confirmed":
        return Refused("already_confirmed", "La cancellazione è già confermata.")
    if by == proposal.by:
        return Refused("same_person", "La cancellazione si decide in due: chi l'ha proposta non può anche confermarla.")
    if by in proposal.confirmed_by:
        return Refused("same_person", "La cancellazione si decide in due: manca la conferma di un'altra persona.")
    enough = proposal.by is not None or bool(proposal.confirmed_by)
    day = today + timedelta(days=parameter("erasure_days", today)) if enough else None
    return [ErasureConfirmed(on=today, person_id=person_id, proposal_id=proposal.proposal_id, by=by, execute_on=day)]


def drop(person: Person, *, person_id: str, by: str, ground: DropGround, reasons: str | None, today: date) -> Decision:
    """The erasure is refused with its grounds (art. 17(3)), or withdrawn; the person's request is answered so."""
    proposal = _deciding(person)
    if isinstance(proposal, Refused):
        return proposal
    refusing = ground not in ("withdrawn", "mistake")
    if refusing and reasons is None:
        return Refused("reasons_missing", "Scrivi i motivi: la persona ha diritto di conoscerli.", "reasons")
    events: list[Event] = [
        ErasureDropped(
            on=today, person_id=person_id, proposal_id=proposal.proposal_id, by=by, ground=ground, reasons=reasons
        )
    ]
    request = person.rights.requests.get(proposal.request_id or "")
    if refusing and request is not None and request.outcome is None and proposal.request_id is not None:
        events.append(
            RightAnswered(
                on=today, person_id=person_id, request_id=proposal.request_id, right="erasure", outcome="refused",
                grounds=(ground,), reasons=reasons,
            )
        )  # fmt: skip
    return events


def carry_out(
    person: Person, members: Mapping[str, Person], *, person_id: str, kept: tuple[KeptDuty, ...], early: bool,
    today: date,
) -> Decision:  # fmt: skip
    """The day has come (or `early`: the letter was given). The duties are looked at again: `kept` hold today.

    All ids of the person end together; messages that still wait go with them.
    """
    proposal = _deciding(person)
    if isinstance(proposal, Refused):
        return proposal
    if proposal.execute_on is None:
        return Refused("not_confirmed", "La cancellazione non è ancora confermata da un'altra persona.")
    if not early and today < proposal.execute_on:
        return Refused("too_early", f"La cancellazione avviene il {proposal.execute_on:%d/%m/%Y}.")
    if person.is_open or any(each.is_open for each in members.values()):
        return Refused("pathway_open", "Il percorso è stato riaperto: la cancellazione va ritirata o decisa di nuovo.")
    scope: ErasureScope = "partial" if kept else "full"
    events: list[Event] = []
    for one, each in ((person_id, person), *members.items()):
        events += [
            MessageFailed(on=today, person_id=one, message_id=message_id, reason="not_wanted")
            for message_id, message in each.messages.by_id.items()
            if message.state in ("queued", "sending")
        ]
    request = person.rights.requests.get(proposal.request_id or "")
    if proposal.request_id is not None and request is not None and request.outcome is None:
        events.append(
            RightAnswered(
                on=today, person_id=person_id, request_id=proposal.request_id, right="erasure",
                outcome="partly" if kept else "granted", grounds=("legal_duty",) if kept else (),
            )
        )  # fmt: skip
    for one in (person_id, *members):
        events.append(PersonErased(on=today, person_id=one, proposal_id=proposal.proposal_id, scope=scope, kept=kept))
    return events
