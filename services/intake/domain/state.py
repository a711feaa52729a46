"""What intake's own facts say about one person: folded, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never, cast

from services.intake.domain import casefile
from services.intake.domain.appointments import Appointments, OwnAppointments, evolve_appointments
from services.intake.domain.assessment import Assessment, AssessmentFact, evolve_assessment
from services.intake.domain.casefile import CaseFact, Contacts, PlanFile, Rest
from services.intake.domain.emergency import Glass, GlassFact, evolve_glass
from services.intake.domain.identity import Identity, IdentityFact, evolve_identity
from services.intake.domain.messages import Messages, OwnMessages, evolve_messages
from services.intake.domain.own_page import OwnPage, OwnPageFact, evolve_own_page, renewed
from services.intake.domain.reception import Visits, evolve_visits
from services.intake.domain.referrals import Referrals, evolve_referrals
from services.intake.domain.rights import Rights, RightsFact, evolve_rights
from services.intake.domain.target import Target, TargetFact, checked_again, evolve_target, renewed_target
from shared.decisions import Stream
from shared.events.base import Event
from shared.events.intake import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentKept,
    AppointmentMissed,
    AppointmentMoved,
    AssessmentConcluded,
    AttachmentAdded,
    AttachmentRemoved,
    CaseTransferred,
    ConcurrentMeasureReported,
    ContactLogged,
    DeclarationSigned,
    DeclarationVerified,
    DuplicateDismissed,
    DuplicateProposed,
    EligibilityChecked,
    EmergencyOpened,
    EmergencyReviewed,
    ErasureConfirmed,
    ErasureDropped,
    ErasureProposed,
    FragilityFound,
    InterviewHeld,
    LanguageAssessed,
    MessageAttempted,
    MessageDelayed,
    MessageDelivered,
    MessageFailed,
    MessageQueued,
    MessagesAccepted,
    MessageSent,
    MessagesRefused,
    NoteAdded,
    PathwayClosed,
    PathwayResumed,
    PathwaySuspended,
    PermitRecorded,
    PermitReminderDue,
    PersonArrived,
    PersonCodeGiven,
    PersonCodeRevoked,
    PersonErased,
    PersonReferred,
    PersonRegistered,
    PersonsJoined,
    PersonsParted,
    PlanAction,
    PlanActionConfirmed,
    PlanActionDone,
    PlanAgreed,
    PlanReviewed,
    PlanSigned,
    ProcessingRestricted,
    ProposalAnswered,
    ReadinessChanged,
    ReferralAccepted,
    ReferralAgreementChanged,
    ReferralDeclined,
    RefusalNoticed,
    RegisteredQuickly,
    RemindersSet,
    RestrictionLifted,
    RightAnswered,
    RightExtended,
    RightRequested,
    TakenInCharge,
    VisitEnded,
)

Check = Literal["domicile", "status", "measures"]
CHECKS: tuple[Check, ...] = ("domicile", "status", "measures")
Stage = Literal["unknown", "to_contact", "to_interview", "to_decide", "in_charge", "closed"]
Own = (
    PersonRegistered
    | EligibilityChecked
    | InterviewHeld
    | TakenInCharge
    | PlanAgreed
    | PlanActionDone
    | PathwayClosed
    | TargetFact
    | AssessmentFact
    | CaseFact
    | OwnAppointments
    | OwnMessages
    | OwnPageFact
    | RightsFact
    | IdentityFact
    | PersonArrived
    | VisitEnded
    | RegisteredQuickly
    | PersonReferred
    | ReferralAccepted
    | ReferralDeclined
    | ReferralAgreementChanged
    | GlassFact
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The latest outcome of one check."""

    passed: bool
    on: date
    reason: str = ""
    evidence: str = ""
    evidence_on: date | None = None
    holds_until: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person as intake knows them; what is not of the present episode is forgotten, but for the ids."""

    episode: int = 0
    registered_on: date | None = None
    checks: Mapping[str, CheckResult] = field(default_factory=dict)
    interviews: Mapping[str, date] = field(default_factory=dict)
    case_manager: str | None = None
    in_charge_on: date | None = None
    plan_on: date | None = None
    actions: tuple[PlanAction, ...] = ()
    done: Mapping[str, str] = field(default_factory=dict)
    """Action id -> event id of the fact that fulfilled it."""
    used: frozenset[str] = frozenset()
    """Every fact that ever fulfilled an action, of older plans too: one fact fulfils one action."""
    closed_on: date | None = None
    plan: PlanFile = field(default_factory=PlanFile)
    contacts: Contacts = field(default_factory=Contacts)
    rest: Rest = field(default_factory=Rest)
    identity: Identity = field(default_factory=Identity)
    own_page: OwnPage = field(default_factory=OwnPage)
    target: Target = field(default_factory=Target)
    assessment: Assessment = field(default_factory=Assessment)
    visits: Visits = field(default_factory=Visits)
    referrals: Referrals = field(default_factory=Referrals)
    appointments: Appointments = field(default_factory=Appointments)
    messages: Messages = field(default_factory=Messages)
    glass: Glass = field(default_factory=Glass)
    rights: Rights = field(default_factory=Rights)

    @property
    def is_open(self) -> bool:
        return self.registered_on is not None and self.closed_on is None

    @property
    def in_charge(self) -> bool:
        return self.is_open and self.in_charge_on is not None

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks whose latest outcome is negative."""
        return tuple(name for name in CHECKS if name in self.checks and not self.checks[name].passed)

    @property
    def missing(self) -> tuple[str, ...]:
        """The checks not done yet."""
        return tuple(name for name in CHECKS if name not in self.checks)


def stage(person: Person) -> Stage:
    """Where the person stands, which is also what has to be done next."""
    if person.registered_on is None:
        return "unknown"
    if person.closed_on is not None:
        return "closed"
    if person.in_charge_on is not None:
        return "in_charge"
    if person.interviews or person.failed:
        return "to_decide"
    return "to_contact" if person.missing else "to_interview"


def evolve(person: Person, event: Event) -> Person:
    """The person after one more of intake's own facts, in whatever sequence corrections left."""
    own = cast(Own, event)
    match own:
        case PersonRegistered():
            return Person(
                identity=person.identity,
                episode=own.episode,
                registered_on=own.on,
                used=person.used,
                appointments=person.appointments,
                messages=person.messages,
                visits=replace(person.visits, quick=False),
                referrals=person.referrals,
                own_page=renewed(person.own_page),
                glass=person.glass,
                rights=person.rights,
                target=renewed_target(person.target),
            )
        case EligibilityChecked():
            result = CheckResult(
                own.outcome != "failed", own.on, own.reason, own.evidence, own.evidence_on, own.holds_until
            )
            target = checked_again(person.target, own)
            return replace(person, checks={**person.checks, own.check: result}, target=target)
        case InterviewHeld():
            met = casefile.reached(person.contacts, own.on)
            return replace(person, interviews={**person.interviews, own.interview_id: own.on}, contacts=met)
        case TakenInCharge():
            assessment = replace(person.assessment, readiness=own.readiness)
            return replace(person, in_charge_on=own.on, case_manager=own.case_manager, assessment=assessment)
        case PlanAgreed():
            plan = casefile.evolve_plan(person.plan, own)
            return replace(person, plan_on=own.on, actions=own.actions, done={}, plan=plan)
        case PlanSigned() | PlanReviewed() | PlanActionConfirmed():
            return replace(person, plan=casefile.evolve_plan(person.plan, own))
        case PlanActionDone():
            done = {**person.done, own.action_id: own.because}
            return replace(person, done=done, used=person.used | {own.because})
        case ContactLogged() | NoteAdded():
            return replace(person, contacts=casefile.evolve_contacts(person.contacts, own))
        case CaseTransferred():
            return replace(person, case_manager=own.to_manager)
        case PathwaySuspended() | PathwayResumed():
            return replace(person, rest=casefile.rest_of(own))
        case PathwayClosed():
            return replace(person, closed_on=own.on)
        case PersonErased():
            return replace(person, own_page=OwnPage(), rights=evolve_rights(person.rights, own))
        case (
            RightRequested() | RightExtended() | RightAnswered() | ProcessingRestricted() | RestrictionLifted()
            | ErasureProposed() | ErasureConfirmed() | ErasureDropped()
        ):  # fmt: skip
            return replace(person, rights=evolve_rights(person.rights, own))
        case DeclarationSigned() | PersonCodeGiven() | PersonCodeRevoked() | ProposalAnswered():
            return replace(person, own_page=evolve_own_page(person.own_page, own))
        case (
            PermitRecorded()
            | PermitReminderDue()
            | DuplicateProposed()
            | DuplicateDismissed()
            | PersonsJoined()
            | PersonsParted()
            | AttachmentAdded()
            | AttachmentRemoved()
        ):
            return replace(person, identity=evolve_identity(person.identity, own))
        case PersonArrived() | VisitEnded() | RegisteredQuickly():
            return replace(person, visits=evolve_visits(person.visits, own))
        case PersonReferred() | ReferralAccepted() | ReferralDeclined() | ReferralAgreementChanged():
            return replace(person, referrals=evolve_referrals(person.referrals, own))
        case ConcurrentMeasureReported() | DeclarationVerified() | RefusalNoticed() | FragilityFound():
            return replace(person, target=evolve_target(person.target, own))
        case AssessmentConcluded() | LanguageAssessed() | ReadinessChanged():
            return replace(person, assessment=evolve_assessment(person.assessment, own))
        case (
            AppointmentBooked() | AppointmentMoved() | AppointmentKept() | AppointmentMissed() | AppointmentCancelled()
        ):
            return replace(person, appointments=evolve_appointments(person.appointments, own))
        case (
            MessageQueued() | MessageAttempted() | MessageDelayed() | MessageSent() | MessageDelivered()
            | MessageFailed() | MessagesRefused() | MessagesAccepted() | RemindersSet()
        ):  # fmt: skip
            return replace(person, messages=evolve_messages(person.messages, own))
        case EmergencyOpened() | EmergencyReviewed():
            return replace(person, glass=evolve_glass(person.glass, own))
        case _:
            assert_never(own)


def person_stream(person_id: str) -> Stream[Person]:
    """The stream of intake's facts about the person."""
    return Stream(person_id, Person(), evolve, subject="person_id")
