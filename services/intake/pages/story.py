"""A person's pathway told: intake's own facts with what can be corrected, and everybody's as a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from services.intake import labels
from services.intake.commands.corrections import CORRECTABLE, DATES, fields_of
from services.intake.directory import organisation_called
from services.intake.domain.desks import desk_name
from services.intake.domain.duplication import Planned
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events import enterprise, intake, matching, training
from shared.events.base import Correction, Event
from shared.web import desk_labels
from shared.web.app import name_of
from shared.web.facts import label_of
from shared.web.formats import day, euro, instant
from shared.web.pages import SERVICES

VALUES: dict[type[Event], tuple[str, dict[str, str]]] = {
    intake.PersonRegistered: ("Canale", labels.CHANNELS),
    intake.InterviewHeld: ("Modalità", labels.MODES),
    intake.TakenInCharge: ("Valutazione", labels.READINESS),
    intake.PathwayClosed: ("Esito", labels.OUTCOMES),
    intake.ContactLogged: ("Esito", labels.CONTACT_OUTCOMES),
    intake.PathwaySuspended: ("Motivo", labels.SUSPENSION_REASONS),
    intake.PlanSigned: ("Come", labels.SIGNING_WAYS),
    intake.PlanReviewed: ("Esito della revisione", labels.REVIEW_OUTCOMES),
    intake.PlanActionConfirmed: ("Esito", labels.CONFIRMED),
}
"""The value that can be rectified beside the date: its label and its choices."""


OTHER_VALUES: dict[tuple[type[Event], str], tuple[str, dict[str, str]]] = {
    (intake.PersonRegistered, "entry"): ("Inserimento", labels.ENTRIES),
    (intake.EligibilityChecked, "evidence"): ("Su che cosa si basa", labels.EVIDENCE),
    (intake.ContactLogged, "channel"): ("Mezzo", labels.CONTACT_CHANNELS),
    (intake.CaseTransferred, "motive"): ("Motivo del passaggio", labels.TRANSFER_MOTIVES),
    (intake.PlanActionConfirmed, "evidence"): ("Su che cosa si basa", labels.CONFIRM_EVIDENCE),
    (intake.AssessmentConcluded, "readiness"): ("Valutazione", labels.READINESS),
    (intake.ReadinessChanged, "readiness"): ("Valutazione", labels.READINESS),
    (intake.LanguageAssessed, "evidence"): ("Su che cosa si basa", labels.LANGUAGE_EVIDENCE),
    (intake.LanguageAssessed, "listening"): ("Ascolto", labels.LEVELS),
    (intake.LanguageAssessed, "reading"): ("Lettura", labels.LEVELS),
    (intake.LanguageAssessed, "spoken_interaction"): ("Interazione orale", labels.LEVELS),
    (intake.LanguageAssessed, "spoken_production"): ("Produzione orale", labels.LEVELS),
    (intake.LanguageAssessed, "writing"): ("Scrittura", labels.LEVELS),
}
"""The other values that can be rectified (commands.corrections.ALSO)."""
ACCOUNTS = {"case_manager": "Operatore di riferimento", "to_manager": "A chi passa"}
DATE_WORDS = {
    "evidence_on": "Data della dichiarazione o lettura", "review_on": "Revisione del piano",
    "answer_by": "Osservazioni entro il", "next_on": "Prossima revisione", "recall_on": "Da richiamare il",
    "expected_until": "Fine prevista",
}  # fmt: skip
NOTES = ("notes", "note", "objectives", "reasons", "text")
"""The fields that point to a text in intake's vault."""


SAID_BY: dict[type[Event], tuple[str, dict[str, str]]] = {
    intake.InterviewHeld: ("mode", labels.MODES),
    intake.PersonsJoined: ("ground", labels.JOIN_GROUNDS),
    intake.PersonsParted: ("ground", labels.PART_GROUNDS),
    intake.DuplicateProposed: ("likeness", labels.LIKENESSES),
    intake.AttachmentAdded: ("kind", labels.ATTACHMENT_KINDS),
    intake.FragilityFound: ("outcome", labels.FRAGILITY_OUTCOMES),
    intake.AssessmentConcluded: ("readiness", labels.READINESS),
    intake.ReadinessChanged: ("readiness", labels.READINESS),
    intake.VisitEnded: ("outcome", labels.VISIT_OUTCOMES),
    intake.ReferralDeclined: ("reason", desk_labels.DECLINED_FOR),
    matching.PresentationAnswered: ("outcome", labels.PROPOSAL_STATES),
    training.Enrolled: ("line", labels.LINES),
    training.CourseLeft: ("line", labels.LINES),
    intake.AppointmentKept: ("outcome", labels.KEPT_OUTCOMES),
    intake.AppointmentCancelled: ("why", desk_labels.CANCELLED_FOR),
}
"""Facts that say just one thing: the field, and its words."""


@dataclass(frozen=True, slots=True)
class OwnFact:
    """One of intake's facts that hold, with what the page needs to correct it."""

    id: str
    on: str
    values: tuple[tuple[str, str, dict[str, str], str], ...]
    """Field, label, choices, present value."""
    dates: tuple[tuple[str, str, str], ...]
    """Field, label, present value."""


def _own(fact: Recorded, managers: Mapping[str, str]) -> OwnFact:
    type_ = type(fact.event)
    values = []
    for place, field in enumerate(fields_of(type_)):
        if field in ACCOUNTS:
            label, choices = ACCOUNTS[field], dict(managers)
        else:
            label, choices = VALUES.get(type_, ("", {})) if place == 0 and CORRECTABLE[type_] else ("", {})
            label, choices = OTHER_VALUES.get((type_, field), (label, choices))
        if choices:
            values.append((field, label, choices, str(getattr(fact.event, field))))
    dates = [
        (field, DATE_WORDS.get(field, "Altra data"), _iso(getattr(fact.event, field))) for field in DATES.get(type_, ())
    ]
    return OwnFact(fact.meta.id, fact.event.on.isoformat(), tuple(values), tuple(dates))


def _iso(value: date | None) -> str:
    return value.isoformat() if value else ""


def references(recorded: list[Recorded]) -> dict[str, str]:
    """Event id -> reference of the text that the fact points to, for those that have one."""
    found: dict[str, str] = {}
    for fact in recorded:
        for field in NOTES:
            value = getattr(fact.event, field, None)
            if isinstance(value, str) and value.count(":") == 2:
                found[fact.meta.id] = value
                break
    return found


def story(
    own: list[Recorded], heard: list[Recorded], texts: Mapping[str, str], managers: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Everything that every service recorded about the person, newest first, corrections told as such.

    Intake's own come from its store (nothing of them is late), the others' from what was heard. `texts` are
    intake's texts by event id; a fact of intake that holds carries what its correction form needs. `episode` is
    the taking in charge to which it belongs, by its date.
    """
    holding = {fact.meta.id: fact for fact in effective(own) if type(fact.event) in CORRECTABLE}
    facts = own + [fact for fact in heard if fact.meta.source != "intake"]
    corrected = {fact.event.fact_id: fact.event for fact in facts if isinstance(fact.event, Correction)}
    items: list[dict[str, Any]] = []
    episode = 1
    for fact in sorted(facts, key=lambda f: (f.event.on, f.meta.time)):
        correction = corrected.get(fact.meta.id)
        cancelled = correction is not None and correction.corrected is None
        note = " Annullato in seguito." if cancelled else " Rettificato in seguito." if correction else ""
        if isinstance(fact.event, intake.PersonRegistered):
            episode = fact.event.episode
        items.append(
            {
                "when": fact.event.on,
                "title": _title(fact.event),
                "text": (words(fact.event) or plain(fact.event)) + note,
                "by": f"{SERVICES[fact.meta.source][0]} · registrato da {name_of(fact.meta.actor)}"
                f" il {instant(fact.meta.time)}",
                "tone": "bad" if cancelled else "warn" if isinstance(fact.event, Correction) else "",
                "fact": _own(holding[fact.meta.id], managers or {}) if fact.meta.id in holding else None,
                "private": "" if cancelled else texts.get(fact.meta.id, ""),
                "service": fact.meta.source,
                "episode": episode,
            }
        )
    return items[::-1]


def filtered(items: list[dict[str, Any]], service: str, episode: int) -> list[dict[str, Any]]:
    """The part of the story that was asked for; "" and 0 leave it whole."""
    return [
        item for item in items
        if (not service or item["service"] == service) and (not episode or item["episode"] == episode)
    ]  # fmt: skip


def plain(event: Event) -> str:
    """What a fact says that nobody has written words for: its dates, and the codes that have a name."""
    found = []
    for name in type(event).model_fields:
        value = getattr(event, name)
        if name == "on" or name == event.SUBJECT:
            continue
        if isinstance(value, date):
            found.append(f"{DATE_WORDS.get(name, 'data')}: {day(value)}")
        elif isinstance(value, str) and (known := OTHER_VALUES.get((type(event), name)) or _main(event, name)):
            found.append(known[1].get(value, value))
    return "; ".join(found) + "." if found else ""


def _main(event: Event, name: str) -> tuple[str, dict[str, str]] | None:
    return VALUES.get(type(event)) if CORRECTABLE.get(type(event)) == name else None


def _title(event: Event) -> str:
    text = label_of(event.TYPE)
    return text[:1].upper() + text[1:]


def _action_words(action: Planned) -> str:
    direction = action.direction if isinstance(action, intake.PlanAction) else "support"
    what = labels.ACTION_KINDS.get(action.kind or "") or labels.DIRECTIONS.get(direction, "")
    who = labels.PARTNERS.get(action.partner, action.partner) if action.partner else labels.DOERS.get(action.by or "")
    return f"{what}{f' ({who})' if who else ''} entro il {day(action.due_on)}"


def _when_and_where(event: intake.AppointmentBooked | intake.AppointmentMoved) -> str:
    return f"{day(event.day)} alle {event.at}, {desk_name(event.desk)}, con {name_of(event.operator)}"


def words(event: Event) -> str:
    """What a fact says, in a few Italian words."""
    if type(event) in SAID_BY:
        field, known = SAID_BY[type(event)]
        return f"{known[getattr(event, field)]}."
    match event:
        case intake.PersonRegistered():
            return (
                f"{labels.CHANNELS[event.channel]}; {labels.DISTRICTS[event.district]}; iscrizione n. {event.episode}."
            )
        case intake.EligibilityChecked():
            return (
                f"{labels.CHECKS[event.check]}: {labels.CHECK_OUTCOMES[event.outcome].lower()} "
                f"({labels.check_reason(event.reason)}). "
                f"{labels.EVIDENCE[event.evidence]} del {day(event.evidence_on)}."
            )
        case intake.TakenInCharge():
            return f"{labels.READINESS[event.readiness]}; operatore: {name_of(event.case_manager)}."
        case intake.PlanAgreed():
            planned: tuple[Planned, ...] = (*event.actions, *event.support)
            return "; ".join(map(_action_words, planned)) + "."
        case intake.PlanSigned():
            by = f" ({name_of(event.operator)})" if event.operator else ""
            return f"{labels.SIGNERS[event.by]}{by}: {labels.SIGNING_WAYS[event.way].lower()}."
        case intake.PlanReviewed():
            again = f" Da rivedere entro il {day(event.next_on)}." if event.next_on else ""
            return f"{labels.REVIEW_OUTCOMES[event.outcome]}.{again}"
        case intake.PlanActionConfirmed():
            return f"{labels.CONFIRMED[event.outcome]}; {labels.CONFIRM_EVIDENCE[event.evidence].lower()}."
        case intake.ContactLogged():
            again = f" Da richiamare il {day(event.recall_on)}." if event.recall_on else ""
            return f"{labels.CONTACT_CHANNELS[event.channel]}: {labels.CONTACT_OUTCOMES[event.outcome].lower()}.{again}"
        case intake.CaseTransferred():
            motive = labels.TRANSFER_MOTIVES[event.motive].lower()
            return f"Da {name_of(event.from_manager)} a {name_of(event.to_manager)} ({motive})."
        case intake.PathwaySuspended():
            until = f", fino al {day(event.expected_until)}" if event.expected_until else ""
            return f"{labels.SUSPENSION_REASONS[event.reason]}{until}."
        case intake.PersonCodeGiven():
            return f"Valido fino al {day(event.expires_on)}."
        case intake.PersonCodeRevoked():
            return "Troppi tentativi sbagliati." if event.reason == "locked" else "Revocato da un operatore."
        case intake.ProposalAnswered():
            return "La proposta interessa." if event.answer == "accepted" else "La proposta non interessa."
        case intake.RightRequested():
            return f"{labels.RIGHTS[event.right]}; risposta entro il {day(event.due_on)}."
        case intake.RightExtended():
            return f"Risposta entro il {day(event.due_on)}."
        case intake.RightAnswered():
            return f"{labels.RIGHTS[event.right]}: {labels.RIGHT_OUTCOMES[event.outcome].lower()}."
        case intake.ProcessingRestricted():
            return f"{labels.RESTRICTION_GROUNDS[event.ground]}."
        case intake.RestrictionLifted():
            return "I dati tornano a essere usati."
        case intake.ErasureProposed():
            return f"{labels.ERASURE_GROUNDS[event.ground]}. {labels.ERASURE_SCOPES[event.scope]}."
        case intake.ErasureConfirmed():
            return f"Si esegue il {day(event.execute_on)}." if event.execute_on else "Serve un'altra conferma."
        case intake.ErasureDropped():
            return f"{labels.RIGHT_GROUNDS[event.ground]}."
        case intake.PersonErased():
            return f"{labels.ERASURE_SCOPES[event.scope]}."
        case intake.EmergencyOpened():
            why = desk_labels.EMERGENCY_REASONS[event.reason].lower()
            return f"Aperta a {name_of(event.account)} per {event.hours} ore: {why}."
        case intake.PermitRecorded():
            end = f", fino al {day(event.expires_on)}" if event.expires_on else ""
            work = "autorizza al lavoro" if event.may_work else "non autorizza al lavoro"
            return f"{labels.PERMIT_KINDS[event.kind]}{end}; {work}."
        case intake.PermitReminderDue():
            return f"Scade il {day(event.expires_on)}."
        case intake.PathwayClosed():
            agreed = {
                None: "",
                True: " Indirizzata/o alle associazioni.",
                False: " Non vuole essere indirizzata/o alle associazioni.",
            }
            return f"{labels.OUTCOMES[event.outcome]}.{agreed[event.referral_agreed]}"
        case intake.LanguageAssessed():
            return f"{labels.LANGUAGES.get(event.language, '')}; {labels.LANGUAGE_EVIDENCE[event.evidence]}."
        case intake.RefusalNoticed():
            return f"Può rispondere fino al {day(event.answer_by)}."
        case intake.ConcurrentMeasureReported():
            gone = ", ritirata" if event.withdrawn else ""
            return f"{labels.MEASURES.get(event.measure, event.measure)} dal {day(event.since)}{gone}."
        case intake.DeclarationVerified():
            return f"{labels.CHECKS[event.check]}: {labels.VERIFIED_AS[event.outcome].lower()}."
        case intake.PersonArrived():
            return f"{desk_name(event.desk)}."
        case intake.PersonReferred():
            told = desk_labels.DISCLOSURE_LEVELS[event.level]
            return f"{organisation_called(event.organisation)}. L'ente saprà {told}."
        case intake.ReferralAccepted():
            return "La persona era già nel programma." if event.known else ""
        case intake.ReferralAgreementChanged():
            return f"L'ente saprà {desk_labels.DISCLOSURE_LEVELS[event.level]}."
        case matching.PlacementStarted():
            end = f" fino al {day(event.ends_on)}" if event.ends_on else ""
            return f"{labels.CONTRACTS[event.contract]}{end}."
        case matching.PlacementExtended():
            return f"Fino al {day(event.ends_on)}."
        case training.CourseCompleted():
            return f"{labels.LINES[event.line]}, {event.hours} ore."
        case enterprise.EnterpriseFunded():
            return f"{euro(event.amount)}."
        case intake.AppointmentBooked():
            return f"{labels.PURPOSES[event.purpose]}: {_when_and_where(event)}, {labels.MODES[event.mode].lower()}."
        case intake.AppointmentMoved():
            return f"{_when_and_where(event)}. {labels.MOVE_REASONS[event.why]}."
        case intake.AppointmentMissed():
            return "Con un motivo accettato." if event.excused else "Senza avvisare."
        case intake.MessageQueued():
            return f"{labels.TEMPLATES[event.template]}, {labels.MESSAGE_CHANNELS[event.channel]}."
        case intake.MessageAttempted():
            return f"Tentativo n. {event.attempt}."
        case intake.MessageDelayed():
            return f"Motivo: {labels.FAILURES[event.reason]}. Nuovo tentativo: {instant(event.again_at)}."
        case intake.MessageFailed():
            return f"Motivo: {labels.FAILURES[event.reason]}."
        case intake.MessagesRefused() | intake.MessagesAccepted():
            return f"{labels.MESSAGE_CHANNELS[event.channel]}. {desk_labels.MESSAGES_BY[event.by]}."
        case intake.RemindersSet():
            return "Promemoria attivi." if event.active else "Promemoria sospesi."
        case Correction():
            what = label_of(event.fact_type)
            motive = labels.MOTIVES[event.motive].lower()
            if event.corrected is None:
                return f"Annullato: {what} del {day(cast(str, event.fact['on']))} ({motive})."
            return f"Rettificato: {what} del {day(cast(str, event.fact['on']))} ({motive})."
        case _:
            return ""
