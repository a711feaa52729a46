"""What intake decides about a person. Each function gives the facts that hold from now on, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, cast

from services.intake.domain.eligibility import (
    Dwelling,
    Evidence,
    Finding,
    Motive,
    WorkSituation,
    check_domicile,
    check_measures,
    check_status,
)
from services.intake.domain.parameters import parameter
from services.intake.domain.state import Check, Person
from shared import territory
from shared.decisions import Decision, Refused
from shared.events.intake import (
    AgeBand,
    Channel,
    CitizenshipArea,
    Direction,
    Education,
    EligibilityChecked,
    InterviewHeld,
    PathwayClosed,
    PersonRegistered,
    PlanAction,
    PlanActionDone,
    PlanAgreed,
    Sex,
    TakenInCharge,
)

UNKNOWN_QUARTIERE = "unknown"
Outcome = Literal[
    "autonomous",
    "found_work",
    "strong_profile",
    "not_eligible",
    "unreachable",
    "withdrew",
    "moved_away",
    "referred",
    "deceased",
]
CHECK_NAMES: dict[str, str] = {"domicile": "domicilio", "status": "stato", "measures": "altre misure"}


def age_on(birth_date: date, on: date) -> int:
    """Completed years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def age_band(age: int) -> AgeBand:
    """The coarse band that goes into the log: nothing finer does."""
    if age < 20:
        return "15-19"
    return "70+" if age >= 70 else cast(AgeBand, f"{age // 10 * 10}-{age // 10 * 10 + 9}")


def _date_refused(on: date, today: date, not_before: date | None, since: str) -> Refused | None:
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if on < territory.PROGRAMME_START:
        return Refused("before_programme", "La data è prima dell'avvio del programma (22 maggio 2017).", "on")
    if not_before is not None and on < not_before:
        return Refused("before_" + since, f"La data è prima {_SINCE[since]} ({not_before:%d/%m/%Y}).", "on")
    return None


_SINCE = {
    "closure": "della chiusura del percorso precedente",
    "registration": "dell'iscrizione",
    "interview": "del primo colloquio",
    "checks": "dell'ultima verifica di ammissibilità",
    "charge": "della presa in carico",
}
_NOT_REGISTERED = Refused("not_registered", "Questa persona non è iscritta.")
_CLOSED = Refused("pathway_closed", "Il percorso è chiuso: per riprenderlo registra di nuovo la stessa persona.")


def _not_open(person: Person) -> Refused | None:
    if person.registered_on is None:
        return _NOT_REGISTERED
    return _CLOSED if person.closed_on is not None else None


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a person who comes in. The birth date stays here: only the band goes into the log."""

    channel: Channel
    entry: Literal["assisted", "questionnaire", "archive"]
    birth_date: date
    sex: Sex
    citizenship_area: CitizenshipArea
    education: Education
    municipality: str
    """ISTAT code of the domicile; anything else means outside the 55."""
    quartiere: str | None
    """Slug, `unknown`, or None outside Bologna."""


def domicile_refused(municipality: str, quartiere: str | None) -> Refused | None:
    """The domicile as the form gives it. Quartiere in Bologna alone (six since 2016)."""
    if not territory.is_metropolitan(municipality):
        return Refused(
            "domicile_outside",
            "Verifica del domicilio non superata: il comune non è tra i 55 della Città metropolitana. "
            "La persona non può essere iscritta; indirizzala al Centro per l'impiego del suo territorio.",
            "municipality",
        )
    if municipality == territory.CAPITAL:
        if quartiere is None:
            return Refused("quartiere_missing", "Per Bologna indica il quartiere, o «non noto».", "quartiere")
        if quartiere != UNKNOWN_QUARTIERE and quartiere not in territory.QUARTIERI:
            return Refused("quartiere_unknown", "Scegli il quartiere dall'elenco.", "quartiere")
    elif quartiere is not None:
        return Refused("quartiere_not_bologna", "Il quartiere si indica solo per Bologna.", "quartiere")
    return None


def register(person: Person, *, person_id: str, values: Registration, identity: str, on: date, today: date) -> Decision:
    """Somebody asks for help: the first time, or again after a closure (a new episode of the same person).

    Source: protocol (target: who lives in the 55 municipalities); ages by parameter `minimum_age`.
    """
    if person.is_open:
        return Refused("already_open", "Questa persona ha già un percorso aperto: aprilo dalla sua scheda.")
    refused = _date_refused(on, today, person.closed_on, "closure") or domicile_refused(
        values.municipality, values.quartiere
    )
    if refused is not None:
        return refused
    age = age_on(values.birth_date, on)
    if age < parameter("minimum_age", on):
        return Refused("too_young", f"Servono almeno {parameter('minimum_age', on)} anni compiuti.", "birth_date")
    if age > 110:
        return Refused("birth_date", "Controlla la data: avrebbe più di 110 anni.", "birth_date")
    return [
        PersonRegistered(
            on=on,
            person_id=person_id,
            episode=person.episode + 1,
            channel=values.channel,
            entry=values.entry,
            age_band=age_band(age),
            sex=values.sex,
            citizenship_area=values.citizenship_area,
            education=values.education,
            district=territory.district_of(values.municipality, on),
            union=territory.union_of(values.municipality, on),
            in_capital=values.municipality == territory.CAPITAL,
            identity=identity,
        )
    ]


def _check(
    person: Person,
    person_id: str,
    check: Check,
    finding: Finding | Refused,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Every check rests on dated evidence: a declaration (DPR 445/2000 artt. 46-47), a reading, a report."""
    refused = _not_open(person) or _date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if isinstance(finding, Refused):
        return finding
    if evidence_on > on:
        return Refused("evidence_later", "La dichiarazione o la lettura non può seguire la verifica.", "evidence_on")
    return [
        EligibilityChecked(
            on=on,
            person_id=person_id,
            check=check,
            outcome=finding.outcome,
            evidence=evidence,
            evidence_on=evidence_on,
            reason=finding.reason,
        )
    ]


def assess_domicile(
    person: Person,
    *,
    person_id: str,
    municipality: str | None,
    dwelling: Dwelling,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """First check (see eligibility.check_domicile)."""
    finding = check_domicile(municipality, dwelling)
    return _check(person, person_id, "domicile", finding, evidence, evidence_on, on, today)


def assess_status(
    person: Person,
    *,
    person_id: str,
    situation: WorkSituation,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Second check (see eligibility.check_status)."""
    finding = check_status(situation, on)
    return _check(person, person_id, "status", finding, evidence, evidence_on, on, today)


def assess_measures(
    person: Person,
    *,
    person_id: str,
    measure: str,
    motive: Motive | None,
    evidence: Evidence,
    evidence_on: date,
    on: date,
    today: date,
) -> Decision:
    """Third check (see eligibility.check_measures)."""
    finding = check_measures(measure, motive, on)
    return _check(person, person_id, "measures", finding, evidence, evidence_on, on, today)


def hold_interview(
    person: Person,
    *,
    person_id: str,
    interview_id: str,
    mode: Literal["in_person", "phone", "video"],
    notes: str | None,
    on: date,
    today: date,
) -> Decision:
    """The interview. A check may still be missing (declarations are often signed then), none may have failed.

    Source: the process as it runs (domain 1.2): contact only if domiciled and in no other measure.
    """
    refused = _not_open(person) or _date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.failed:
        names = ", ".join(CHECK_NAMES[name] for name in person.failed)
        return Refused(
            "check_failed",
            f"Verifica non superata: {names}. Ripetila se i dati sono cambiati, o chiudi il percorso come "
            "non ammissibile.",
        )
    return [InterviewHeld(on=on, person_id=person_id, interview_id=interview_id, mode=mode, notes=notes)]


def take_in_charge(
    person: Person,
    *,
    person_id: str,
    case_manager: str,
    readiness: Literal["ready", "to_train"],
    reasons: str,
    on: date,
    today: date,
) -> Decision:
    """The programme follows the person from now on: after an interview and with the three checks passed.

    Source: protocol (unemployed, fragile, domiciled here); L.R. E-R 14/2015 art. 2 for fragility, which here
    is the operator's own reasoned finding, so the reasons are required.
    """
    refused = _not_open(person) or _date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if person.in_charge:
        return Refused("already_in_charge", "La persona è già presa in carico.")
    lacking = person.missing + person.failed
    if lacking:
        names = ", ".join(CHECK_NAMES[name] for name in lacking)
        return Refused("checks_lacking", f"Prima della presa in carico vanno superate le verifiche: {names}.")
    if not person.interviews:
        return Refused("no_interview", "Prima della presa in carico registra almeno un colloquio.")
    refused = _date_refused(on, today, min(person.interviews.values()), "interview") or _date_refused(
        on, today, max(each.on for each in person.checks.values()), "checks"
    )
    if refused is not None:
        return refused
    return [TakenInCharge(on=on, person_id=person_id, case_manager=case_manager, readiness=readiness, reasons=reasons)]


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A fact of another service that fulfils an action of its direction."""

    event_id: str
    direction: Direction
    on: date


def fulfil(person: Person, person_id: str, facts: Sequence[Fulfilment]) -> list[PlanActionDone]:
    """The actions that became done, each by one fact not older than the plan; nothing twice.

    The earliest fact goes to the action that falls due first, so the result does not depend on the order in
    which facts arrive. Source: issue "a plan naming the directions"; the pairing is [own].
    """
    if not person.in_charge or person.plan_on is None:
        return []
    free = sorted((f for f in facts if f.event_id not in person.used), key=lambda f: (f.on, f.event_id))
    done: list[PlanActionDone] = []
    for action in sorted(person.actions, key=lambda a: (a.due_on, a.action_id)):
        if action.action_id in person.done:
            continue
        for fact in free:
            if fact.direction == action.direction and fact.on >= person.plan_on:
                free.remove(fact)
                done.append(
                    PlanActionDone(on=fact.on, person_id=person_id, action_id=action.action_id, because=fact.event_id)
                )
                break
    return done


def undone(person: Person, facts: Sequence[Fulfilment]) -> tuple[str, ...]:
    """The actions that are open again, because the fact that fulfilled them does not hold any more."""
    known = {fact.event_id for fact in facts}
    return tuple(action for action, because in person.done.items() if because not in known)


def without(person: Person, actions: Sequence[str]) -> Person:
    """The person as if those actions had not been done."""
    gone: Mapping[str, str] = {action: person.done[action] for action in actions}
    kept = {action: because for action, because in person.done.items() if action not in gone}
    return replace(person, done=kept, used=person.used - set(gone.values()))


def agree_plan(
    person: Person,
    *,
    person_id: str,
    plan_id: str,
    actions: Sequence[PlanAction],
    objectives: str | None,
    on: date,
    today: date,
) -> Decision:
    """Person and operator agreed what to do next. A later plan replaces the one before.

    Source: protocol, the three lines.
    """
    refused = _not_open(person)
    if refused is not None:
        return refused
    if person.in_charge_on is None:
        return Refused("not_in_charge", "Il piano si concorda dopo la presa in carico.")
    refused = _date_refused(on, today, person.in_charge_on, "charge")
    if refused is not None:
        return refused
    if not actions:
        return Refused("no_action", "Indica almeno un'azione, con direzione e scadenza.", "actions")
    if len(actions) > 20:
        return Refused("too_many_actions", "Un piano ha al massimo 20 azioni.", "actions")
    for action in actions:
        if not on <= action.due_on <= on + timedelta(days=3 * 366):
            return Refused("due_date", "La scadenza di un'azione va dalla data del piano a tre anni dopo.", "actions")
    return [PlanAgreed(on=on, person_id=person_id, plan_id=plan_id, actions=tuple(actions), objectives=objectives)]


def close(person: Person, *, person_id: str, outcome: Outcome, on: date, today: date) -> Decision:
    """The pathway ends, at any time while it is open. After it only a new registration.

    `strong_profile` ("fuori target") is found at an interview only; `not_eligible` says that a check failed.
    """
    refused = _not_open(person) or _date_refused(on, today, person.registered_on, "registration")
    if refused is not None:
        return refused
    if outcome == "strong_profile" and not person.interviews:
        return Refused("no_interview", "Il profilo forte si valuta nel colloquio: registralo.", "outcome")
    if outcome == "not_eligible" and not person.failed:
        return Refused("no_failed_check", "«Non ammissibile» richiede una verifica non superata.", "outcome")
    return [PathwayClosed(on=on, person_id=person_id, outcome=outcome)]
