"""A person's rights over their data (Regulation 2016/679): requests with their terms, restriction, erasure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal, assert_never

from services.intake.domain.retention import months_after
from shared.decisions import Decision, Refused
from shared.events.base import Event
from shared.events.intake import (
    Answer,
    ErasureConfirmed,
    ErasureDropped,
    ErasureGround,
    ErasureProposed,
    ErasureScope,
    KeptDuty,
    PersonErased,
    ProcessingRestricted,
    RestrictionGround,
    RestrictionLifted,
    Right,
    RightAnswered,
    RightExtended,
    RightRequested,
)

if TYPE_CHECKING:
    from services.intake.domain.state import Person

RightsFact = (
    RightRequested | RightExtended | RightAnswered | ProcessingRestricted | RestrictionLifted | ErasureProposed
    | ErasureConfirmed | ErasureDropped | PersonErased
)  # fmt: skip
ProposalState = Literal["open", "confirmed", "dropped", "done"]
EXTENSION = 2
"""Months by which a term may be prolonged (art. 12(3))."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the person."""

    right: Right
    on: date
    due_on: date
    extended: bool = False
    outcome: Answer | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An erasure that somebody, or a rule, proposed."""

    proposal_id: str
    ground: ErasureGround
    by: str | None
    scope: ErasureScope
    kept: tuple[KeptDuty, ...]
    request_id: str | None
    confirmed_by: tuple[str, ...] = ()
    execute_on: date | None = None
    state: ProposalState = "open"


@dataclass(frozen=True, slots=True)
class Rights:
    """The requests of a person, and what became of them."""

    requests: Mapping[str, Request] = field(default_factory=dict)
    restricted_on: date | None = None
    proposal: Proposal | None = None
    """The latest one."""
    erased_on: date | None = None
    scope: ErasureScope | None = None
    kept: tuple[KeptDuty, ...] = ()

    def waiting(self, right: Right) -> tuple[str, Request] | None:
        """The request of that right which waits for an answer."""
        return next(((i, r) for i, r in self.requests.items() if r.right == right and r.outcome is None), None)

    @property
    def deciding(self) -> Proposal | None:
        """The proposal that is neither dropped nor carried out."""
        return self.proposal if self.proposal and self.proposal.state in ("open", "confirmed") else None


def evolve_rights(state: Rights, event: RightsFact) -> Rights:
    """The person's rights after one more fact."""
    match event:
        case RightRequested():
            request = Request(event.right, event.on, event.due_on)
            return replace(state, requests={**state.requests, event.request_id: request})
        case RightExtended() | RightAnswered():
            return _answered(state, event)
        case ProcessingRestricted():
            return replace(state, restricted_on=event.on)
        case RestrictionLifted():
            return replace(state, restricted_on=None)
        case ErasureProposed():
            proposal = Proposal(
                event.proposal_id, event.ground, event.by, event.scope, event.kept, event.request_id
            )  # fmt: skip
            return replace(state, proposal=proposal)
        case ErasureConfirmed() | ErasureDropped():
            return _decided(state, event)
        case PersonErased():
            done = replace(state.proposal, state="done") if state.proposal else None
            return replace(
                state, proposal=done, restricted_on=None, erased_on=event.on, scope=event.scope, kept=event.kept
            )
        case _:
            assert_never(event)


def _answered(state: Rights, event: RightExtended | RightAnswered) -> Rights:
    request = state.requests.get(event.request_id)
    if request is None:  # its entry was cancelled
        return state
    if isinstance(event, RightExtended):
        request = replace(request, due_on=event.due_on, extended=True)
    else:
        request = replace(request, outcome=event.outcome)
    return replace(state, requests={**state.requests, event.request_id: request})


def _decided(state: Rights, event: ErasureConfirmed | ErasureDropped) -> Rights:
    proposal = state.proposal
    if proposal is None or proposal.proposal_id != event.proposal_id:
        return state
    if isinstance(event, ErasureDropped):
        return replace(state, proposal=replace(proposal, state="dropped"))
    confirmed = replace(
        proposal, confirmed_by=(*proposal.confirmed_by, event.by), execute_on=event.execute_on,
        state="confirmed" if event.execute_on else "open",
    )  # fmt: skip
    return replace(state, proposal=confirmed)


def _known(person: Person) -> Refused | None:
    if person.registered_on is None:
        return Refused("not_registered", "Questa persona non è iscritta.")
    return None


def request(
    person: Person, *, person_id: str, request_id: str, right: Right, by: Literal["person", "operator"], today: date
) -> Decision:
    """A right over one's data; due within one month of receipt (art. 12(3))."""
    if refused := _known(person):
        return refused
    if (waiting := person.rights.waiting(right)) is not None:
        return Refused(
            "already_requested",
            f"Questa richiesta c'è già: la risposta è dovuta il {waiting[1].due_on:%d/%m/%Y}.",
        )
    return [
        RightRequested(
            on=today, person_id=person_id, request_id=request_id, right=right, due_on=months_after(today, 1), by=by
        )
    ]


def _open(person: Person, request_id: str) -> Request | Refused:
    found = person.rights.requests.get(request_id)
    if found is None:
        return Refused("no_request", "Questa richiesta non c'è.")
    if found.outcome is not None:
        return Refused("already_answered", "A questa richiesta è già stato risposto.")
    return found


def extend(person: Person, *, person_id: str, request_id: str, reasons: str, today: date) -> Decision:
    """Two months more where the request is complex, told to the person within the first month (art. 12(3))."""
    found = _open(person, request_id)
    if isinstance(found, Refused):
        return found
    if found.extended:
        return Refused("already_extended", "Il termine è già stato prorogato: si può una volta sola (art. 12, par. 3).")
    if today > found.due_on:
        return Refused("too_late", "Il termine è passato: la proroga andava comunicata entro il primo mese.")
    due = months_after(found.on, 1 + EXTENSION)
    return [RightExtended(on=today, person_id=person_id, request_id=request_id, due_on=due, reasons=reasons)]


REFUSALS: dict[Right, tuple[str, ...]] = {
    "access": ("others_rights", "excessive"),
    "rectification": ("not_wrong", "excessive"),
    "restriction": ("no_ground", "excessive"),
    "objection": ("overriding", "claims", "excessive"),
    "erasure": ("legal_duty", "public_task", "archiving", "claims", "excessive"),
    "portability": ("public_task", "no_consent", "excessive"),
}
"""Why a request may be refused. Access: art. 15(4) and 12(5). Objection: art. 21(1), compelling grounds. Erasure:
art. 17(3)(b), (d), (e). Portability: art. 20(3), not for tasks in the public interest; 20(1)(a), only for what rests on
consent or contract."""


def answer(
    person: Person, *, person_id: str, request_id: str, outcome: Answer, grounds: tuple[str, ...],
    reasons: str | None, today: date,
) -> Decision:  # fmt: skip
    """The answer to a request. A refusal, whole or in part, names its rule and gives reasons (art. 12(4)); of an
    erasure only a refusal is answered here, since what is granted is a decision of two people."""
    found = _open(person, request_id)
    if isinstance(found, Refused):
        return found
    if found.right == "erasure" and outcome != "refused":
        return Refused("two_decide", "La cancellazione si decide in due: proponila dalla pagina «Cancellazioni».")
    if found.right == "restriction" and outcome == "granted" and person.rights.restricted_on is None:
        return Refused("not_restricted", "Prima limita il trattamento: la richiesta risulterà accolta.")
    if outcome != "granted":
        if not grounds:
            return Refused("ground_missing", "Indica la regola su cui si fonda il rifiuto.", "grounds")
        if unknown := set(grounds) - set(REFUSALS[found.right]):
            return Refused("wrong_ground", f"Questa regola non vale per questo diritto: {min(unknown)}.", "grounds")
        if reasons is None:
            return Refused("reasons_missing", "Scrivi i motivi: la persona ha diritto di conoscerli.", "reasons")
    return [
        RightAnswered(
            on=today, person_id=person_id, request_id=request_id, right=found.right, outcome=outcome,
            grounds=grounds if outcome != "granted" else (), reasons=reasons,
        )
    ]  # fmt: skip


def restrict(
    person: Person, members: Mapping[str, Person], *, person_id: str, ground: RestrictionGround, today: date
) -> Decision:
    """The data are kept and not used otherwise (art. 18(1), (2)); the request that asked for it is answered."""
    if refused := _known(person):
        return refused
    if person.rights.restricted_on is not None:
        return Refused(
            "already_restricted", f"Il trattamento è già limitato dal {person.rights.restricted_on:%d/%m/%Y}."
        )
    waiting = person.rights.waiting("restriction")
    request_id = waiting[0] if waiting else None
    events: list[Event] = [
        ProcessingRestricted(
            on=today, person_id=one, ground=ground, request_id=request_id if one == person_id else None
        )
        for one in (person_id, *members)
        if one == person_id or members[one].rights.restricted_on is None
    ]
    if request_id is not None:
        events.append(
            RightAnswered(on=today, person_id=person_id, request_id=request_id, right="restriction", outcome="granted")
        )
    return events


def lift(person: Person, members: Mapping[str, Person], *, person_id: str, today: date) -> Decision:
    """The data are used again; the person is told before it happens (art. 18(3))."""
    if person.rights.restricted_on is None:
        return Refused("not_restricted", "Il trattamento non è limitato.")
    ids = [person_id, *(one for one, each in members.items() if each.rights.restricted_on is not None)]
    return [RestrictionLifted(on=today, person_id=one) for one in ids]
