"""The life of one person in intake, as facts: about fifteen a person, spread over five years up to today."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Literal, get_args

from services.intake.domain.agenda import week_id
from services.intake.domain.desks import DESKS
from services.intake.domain.referrals import ORGANISATIONS
from shared import territory
from shared.events import Event, intake, matching
from shared.events.intake import CheckName, District, Likeness

REASONS: dict[CheckName, str] = {
    "domicile": "domicile.home", "status": "status.unemployed", "measures": "measures.none"
}  # fmt: skip
YEARS = 5 * 365
"""Days over which the registrations are spread."""
CASES = 500
"""People that one case manager has met in that time; some 200 of them are followed still."""
GIULIA = "u-giulia.rossi"
"""The case manager as whom the pages are read."""
FAMILY = (
    "Rossi Bianchi Ferrari Russo Esposito Romano Colombo Ricci Marino Greco Bruno Gallo Conti Costa Giordano Mancini "
    "Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile "
    "Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte Ferraro Ferri Fabbri Bianco Marini Grasso "
    "Valentini Messina Sala Gatti Pellegrini Palumbo Sanna Farina Haddad Khan Hussain Popescu Diallo Traore Ndiaye "
    "Singh Kaur Begum Ahmed Rahman Hossain Bashir Okafor Osei Mensah Benali Mansouri Tahiri Alaoui Zhang Chen Hu "
    "Shevchenko Kovalenko Ivanova Hoxha Gjoka Dragan Ionescu Munteanu Flores Quispe Mendoza Silva Santos"
).split()
GIVEN = (
    "Amina Luca Giulia Marco Fatima Mohamed Maria Giovanni Anna Giuseppe Sara Andrea Elena Francesco Chiara Matteo "
    "Laura Alessandro Francesca Davide Silvia Paolo Aisha Omar Khadija Youssef Irina Olena Svetlana Natalia Ion Elena "
    "Mihai Ana Li Wei Mei Rajesh Priya Gurpreet Blessing Joseph Grace Emmanuel Ibrahim Mariam Moussa Awa Hassan Leila "
    "Carlos Rosa Luis Carmen Arben Drita Roberto Simona Stefano Paola Antonio Teresa Nadia Ahmed Rania Karim"
).split()
MUNICIPALITIES = tuple(each.code for each in territory.municipalities() if territory.is_metropolitan(each.code))


def new_id() -> str:
    """An id of a thing."""
    return str(uuid.uuid4())


@dataclass
class Life:
    """A person: their facts in order, and what is sealed about them."""

    person_id: str
    identity: dict[str, Any]
    profile: dict[str, Any]
    facts: list[tuple[str, str, Event]] = field(default_factory=list)
    """Source, account, fact."""
    named: dict[str, str] = field(default_factory=dict)
    """What the address of a page about them names, by the name in the route."""


Seal = Callable[[str, dict[str, Any]], str]
"""Kind and values -> the reference that the fact carries."""


def manager_of(n: int, people: int) -> str:
    """Who follows the n-th person: Giulia the first of each round."""
    managers = max(1, people // CASES)
    return GIULIA if n % managers == 0 else f"u-manager-{n % managers:04}"


def identity_of(n: int, rng: Random, today: date) -> tuple[dict[str, Any], dict[str, Any]]:
    """Who they are, as the form of the registration keeps it, and the profile."""
    family, given = rng.choice(FAMILY), rng.choice(GIVEN)
    if rng.random() < 0.15:
        family = f"{family} {rng.choice(FAMILY)}"
    born = today - timedelta(days=rng.randint(20 * 365, 64 * 365))
    municipality = territory.CAPITAL if rng.random() < 0.5 else rng.choice(MUNICIPALITIES)
    identity = {
        "family_name": family, "given_name": given, "tax_code": None, "birth_place": "Bologna", "sex": rng.choice("MF"),
        "citizenship": "IT", "phone": f"3{rng.randint(10**8, 10**9 - 1)}", "address": "via Mascarella 1",
        "email": f"{given}.{n}@example.org".lower() if n % 2 else None, "document_type": None, "document_number": None,
        "document_expires_on": None, "spoken_language": None, "interpreter": False, "administrator_name": None,
        "administrator_contact": None, "preferred_channel": "phone", "preferred_hours": None,
        "birth_date": born.isoformat(),
    }  # fmt: skip
    profile = {
        "birth_year": born.year, "municipality": municipality, "quartiere": None, "commute_minutes": 30,
        "own_vehicle": n % 3 == 0, "licences": ["B"], "may_work_until": None, "education": "vocational",
        "languages": ["it"],
    }  # fmt: skip
    return identity, profile


def live(n: int, people: int, today: date, rng: Random, life: Life, seal: Seal, before: str) -> None:
    """Writes the n-th life. `before` is the person before, for those who look alike."""
    managers = max(1, people // CASES)
    turn, turns = n // managers, -(-people // managers)
    place, manager, person = turn / turns, manager_of(n, people), life.person_id
    start = today - timedelta(days=round(YEARS * (1 - place)))
    state = _state(place, turn, rng)
    municipality = life.profile["municipality"]
    district: Any = territory.district_of(municipality, start)

    def add(event: Event, actor: str = manager, source: str = "intake") -> None:
        life.facts.append((source, actor, event))

    def on(days: int) -> date:
        return min(start + timedelta(days=days), today)

    add(intake.PersonRegistered(
        on=start, person_id=person, episode=1, channel=rng.choice(get_args(intake.Channel)), entry="assisted",
        age_band="30-39", sex=life.identity["sex"], citizenship_area="italy", education="vocational",
        district=district, union=territory.union_of(municipality, start), in_capital=municipality == territory.CAPITAL,
        identity=seal("identity", life.identity),
    ))  # fmt: skip
    if n % 40 == 0:
        _referred(life, add, start, seal)
    if n % 6 == 0:
        permit = {"type": "work", "motive": None, "number": f"I{n:08}"}
        add(intake.PermitRecorded(
            on=start, person_id=person, kind="limited", expires_on=today + timedelta(days=rng.randint(-30, 900)),
            may_work=True, work_limit="none", renewal_asked_on=None if n % 12 else start,
            details=seal("permit", permit),
        ))  # fmt: skip
    if n % 90 == 1 and before:
        add(intake.DuplicateProposed(
            on=start, person_id=person, other_id=before, likeness=rng.choice(get_args(Likeness))
        ))  # fmt: skip
        life.named |= {"one_id": before, "other_id": person}
        if place < 0.97:
            reasons = seal("decision", {"text": "Due persone."})
            add(intake.DuplicateDismissed(on=on(3), person_id=person, other_id=before, reasons=reasons))
    if state == "to_contact":
        if rng.random() < 0.5:
            recall = today + timedelta(days=rng.randint(-2, 6))
            add(_contact(person, on(2), "no_answer", recall))
        return
    checks: tuple[CheckName, ...] = ("domicile", "status", "measures")
    for check in checks:
        add(intake.EligibilityChecked(
            on=on(3), person_id=person, check=check, outcome="passed", evidence="self_declaration", evidence_on=on(3),
            reason=REASONS[check],
        ))  # fmt: skip
    add(_contact(person, on(4), "answered", None))
    _appointment(life, add, n, turn, manager, on(10) if state != "to_interview" else today, today, rng)
    if n % 2:
        _message(life, add, on(5), seal)
    if state == "to_interview":
        return
    add(intake.InterviewHeld(on=on(10), person_id=person, interview_id=new_id(), mode="in_person"))
    if state == "to_decide":
        return
    if state == "closed" and n % 3 == 0:
        add(intake.PathwayClosed(on=on(15), person_id=person, outcome="withdrew"))
        return
    reasons = seal("reasons", {"text": "Sola, con due figli: lavoro e casa insieme.", "dimensions": ["work", "social"]})
    add(intake.FragilityFound(on=on(12), person_id=person, outcome="fragile", lr14_index="absent", reasons=reasons))
    add(intake.TakenInCharge(on=on(12), person_id=person, case_manager=manager, readiness="ready", reasons=reasons))
    if state == "in_charge" and n % 50 == 7:
        return  # still to plan
    _plan(life, add, manager, on, state, today, rng, seal)
    _elsewhere(life, add, n, on)
    add(_contact(person, on(60), "answered", today + timedelta(days=rng.randint(-3, 60)) if n % 4 == 0 else None))
    if state == "in_charge" and n % 3:
        words = {"text": "Ha portato i documenti; cerca ancora un turno compatibile con la scuola."}
        on_note = today - timedelta(days=rng.randint(0, 70))
        add(intake.NoteAdded(
            on=max(on_note, on(60)), person_id=person, note_id=new_id(), note=seal("note", words)
        ))  # fmt: skip
        _appointment(life, add, n, turn + 4, manager, today + timedelta(days=rng.randint(-60, 12)), today, rng)
    if state == "closed":
        add(intake.PathwayClosed(on=on(200), person_id=person, outcome="autonomous"))


def _state(place: float, turn: int, rng: Random) -> str:
    if place < 0.55:
        return "in_charge" if turn % 20 == 0 else "to_contact" if turn % 200 == 3 else "closed"
    if place < 0.97:
        return "closed" if rng.random() < 0.12 else "in_charge"
    return "to_decide" if place < 0.98 else "to_interview" if place < 0.987 else "to_contact"


def _contact(person: str, on: date, outcome: Literal["answered", "no_answer"], recall: date | None) -> Event:
    return intake.ContactLogged(
        on=on, person_id=person, contact_id=new_id(), channel="call", outcome=outcome, recall_on=recall
    )


Add = Callable[..., None]


def _referred(life: Life, add: Add, on: date, seal: Seal) -> None:
    organisation = ORGANISATIONS[len(life.person_id) % 2 if on.day % 2 else on.day % len(ORGANISATIONS)]
    referral = new_id()
    said = {name: life.identity[name] for name in ("family_name", "given_name", "birth_date", "phone")}
    said |= {
        "municipality": life.profile["municipality"],
        "reason": "Cerca lavoro.",
        "contact": "Don Mario",
        "email": None,
    }
    add(intake.PersonReferred(
        on=on, person_id=life.person_id, referral_id=referral, organisation=organisation.code, kind=organisation.kind,
        level=1, informed_on=on, identity=seal("referral", said),
    ))  # fmt: skip
    add(intake.ReferralAccepted(on=on, person_id=life.person_id, referral_id=referral, known=False))
    life.named["referral_id"] = referral


def _appointment(
    life: Life, add: Add, n: int, turn: int, manager: str, day: date, today: date, rng: Random
) -> None:  # fmt: skip
    day += timedelta(days=max(0, day.isoweekday() - 5) and 8 - day.isoweekday())
    appointment, at = new_id(), f"{9 + turn % 4:02}:{(turn // 4) % 2 * 30:02}"
    desk = tuple(DESKS)[n % 3]
    add(intake.AppointmentBooked(
        on=min(day, today), person_id=life.person_id, appointment_id=appointment, purpose="interview",
        mode="in_person", desk=desk, operator=manager, day=day, at=at, minutes=30,
    ))  # fmt: skip
    add(intake.SlotTaken(
        on=min(day, today), week_id=week_id("operator", manager, day), slot_id=appointment, desk=desk, day=day, at=at,
        minutes=30, booked_by=manager,
    ))  # fmt: skip
    if day >= today or (day > today - timedelta(days=15) and rng.random() < 0.1):
        life.named["appointment_id"] = appointment
    elif rng.random() < 0.9:
        add(intake.AppointmentKept(on=day, person_id=life.person_id, appointment_id=appointment))
    else:
        add(intake.AppointmentMissed(on=day, person_id=life.person_id, appointment_id=appointment))


def _message(life: Life, add: Add, on: date, seal: Seal) -> None:
    message, person = new_id(), life.person_id
    words = seal("message", {"text": "L'appuntamento è fissato.", "to": life.identity["phone"]})
    add(intake.MessageQueued(
        on=on, person_id=person, message_id=message, template="appointment_booked", language="it", channel="sms",
        because=new_id(), text=words, keep_until=on + timedelta(days=5),
    ))  # fmt: skip
    add(intake.MessageAttempted(on=on, person_id=person, message_id=message, attempt=1))
    add(intake.MessageSent(on=on, person_id=person, message_id=message, delivery_id=f"d-{message[:8]}"))
    add(intake.MessageDelivered(on=on, person_id=person, message_id=message))


def _plan(life: Life, add: Add, manager: str, on: Callable[[int], date], state: str, today: date, rng: Random,
          seal: Seal) -> None:  # fmt: skip
    plan, person = new_id(), life.person_id
    due = max(on(20), today + timedelta(days=rng.randint(-6, 150)))
    actions = (
        intake.PlanAction(action_id=new_id(), direction="matching", due_on=due, kind="matching.cv", by="operator"),
        intake.PlanAction(action_id=new_id(), direction="training", due_on=due, kind="training.italian", by="service"),
    )
    add(intake.PlanAgreed(
        on=on(20), person_id=person, plan_id=plan, actions=actions,
        objectives=seal("plan", {"text": "Un lavoro vicino a casa."}),
        review_on=today + timedelta(days=rng.randint(-5, 120)) if state == "in_charge" else on(110),
    ))  # fmt: skip
    add(intake.PlanSigned(on=on(20), person_id=person, plan_id=plan, by="person", way="paper"))
    if rng.random() < 0.9:
        add(intake.PlanSigned(
            on=on(20), person_id=person, plan_id=plan, by="operator", operator=manager, way="paper"
        ))  # fmt: skip


def _elsewhere(life: Life, add: Add, n: int, on: Callable[[int], date]) -> None:
    """What matching says of them."""
    vacancy, company, person = new_id(), new_id(), life.person_id
    add(matching.Shortlisted(
        on=on(40), person_id=person, vacancy_id=vacancy, selection_id=new_id(), company_id=company
    ), "u-sara.galli", "matching")  # fmt: skip
    if n % 3 == 0:
        add(matching.PlacementStarted(
            on=on(50), person_id=person, placement_id=new_id(), company_id=company, vacancy_id=None,
            contract="fixed_term", ends_on=on(140),
        ), "u-sara.galli", "matching")  # fmt: skip


def beside(people: int, today: date, seal_for: Callable[[str], Seal]) -> tuple[list[Event], dict[str, str]]:
    """What is about nobody in particular: contacts from the site, sessions, absences, a closure, rights asked for."""
    rng = Random(9)
    facts: list[Event] = []
    names: dict[str, str] = {}
    districts = get_args(District)
    for n in range(people // 100):
        on = today - timedelta(days=round(YEARS * (1 - n / (people // 100))))
        contact = new_id()
        said = identity_of(n, rng, today)
        answers = said[0] | {"municipality": said[1]["municipality"], "quartiere": None, "education": "vocational"}
        answers |= {"spoken": "it", "call_at": "any", "channel": "web", "languages": ["it"], "licences": []}
        facts.append(intake.ContactReceived(
            on=on, contact_id=contact, language="it", notice="2024-1", channel="web", district=rng.choice(districts),
            answers=seal_for(contact)("contact", answers),
        ))  # fmt: skip
        if n < people // 100 * 0.95:
            facts.append(intake.ContactDiscarded(on=on, contact_id=contact, reason="spam", person_id=None))
        else:
            names["contact_id"] = contact
    for week in range(-50, 6):
        day = today + timedelta(weeks=week, days=1 - today.isoweekday())
        session = new_id()
        facts.append(intake.GroupSessionPlanned(
            on=min(day, today), session_id=session, theme="welcome", desk="malvezzi", operator=GIULIA, day=day,
            at="15:00", minutes=60, seats=20,
        ))  # fmt: skip
        facts.append(intake.OperatorAbsent(
            on=min(day, today), week_id=week_id("operator", "u-elena.conti", day), absence_id=new_id(),
            operator="u-elena.conti", first=day, last=day + timedelta(days=1),
        ))  # fmt: skip
        names["session_id"] = session
    monday = today + timedelta(days=8 - today.isoweekday())
    facts.append(intake.DeskClosed(
        on=today, week_id=week_id("desk", "malvezzi", monday), closure_id=new_id(), desk="malvezzi", first=monday,
        last=monday,
    ))  # fmt: skip
    return facts, names
