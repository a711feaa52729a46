"""The plans: pure functions of their arguments. Nothing here reads a clock, a file or a database.

`h1_2024` fixes every figure that was published for the first half of 2024 as a quota and shuffles what is
left open, so that the figures hold for every seed by construction; `population` is any number of people between
any two dates, with the same shares and no promise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from services.simulate import courses, desk, market, projects, workdays
from services.simulate.cast import DAYS, LARGE, SMALL, Company, Hire, Network, Person
from services.simulate.people import H1_2024, Registry, Traits, shares, traits
from services.simulate.steps import RANKS, Script, Step
from shared.envelope import ordinal_id
from shared.events.base import SERVICES

FIRST, NEW_YEAR, LAST = date(2023, 7, 1), date(2024, 1, 1), date(2024, 6, 30)
Q1, Q2 = (date(2024, 1, 8), date(2024, 3, 27)), (date(2024, 4, 3), date(2024, 6, 25))
"""Days on which contracts of the two quarters start or are prolonged."""
WAIT = 52
"""Mean days from the first interview to the start of the first placement, first half of 2024."""
WARM_UP = 930
"""People registered in the second half of 2023: the programme's usual number [domain facts 1.3]."""
Day = tuple[date, list[Step]]


def in_days(steps: Sequence[Step]) -> list[Day]:
    """The steps by the day of their recording; in a day by service, then by what rests on what."""
    ordered = sorted(steps, key=lambda s: (s.recorded, SERVICES.index(s.service), RANKS[s.name], s.number))
    return [(day, list(group)) for day, group in groupby(ordered, key=lambda s: s.recorded)]


def h1_2024(seed: int) -> list[Day]:
    """From 1 July 2023 (a warm-up) to 30 June 2024, with the published figures of the first half of 2024."""
    rng = random.Random(f"h1-2024/{seed}")
    script = Script("h1-2024", seed, workdays.at_or_before(LAST), rng)
    earlier, later = _placed(script)
    hires = [h for p in [*earlier, *later] for h in p.hires]
    network = Network(rng)
    hiring, selecting = _companies(script, network, hires)
    everybody = _everybody(script, earlier, later)
    market.companies(script, network)
    for hire in hires:
        market.agree(script, hire)
    _mistakes(rng, hires)
    vacancies = market.open_vacancies(script, hires, FIRST, NEW_YEAR, room=40)
    vacancies += market.fill_up(script, vacancies, selecting, 157, NEW_YEAR, workdays.at_or_before(LAST))
    rest = [p for p in everybody if p.fate != "placed"]
    market.recruit(script, vacancies, rest)
    market.employ(script, hires)
    starts = [date(2023, 10, 18), date(2024, 2, 14), date(2024, 3, 6), date(2024, 5, 15)]
    market.never_started(script, rest, hiring[:40], starts)
    courses.teach(script, 15, FIRST, everybody, network.companies[:60])
    projects.fund(script, 9, FIRST, rest)
    _slips(script, rest, [date(2023, 11, 7), date(2024, 2, 6), date(2024, 5, 7)])
    for person in everybody:
        desk.leave(script, person)
    return in_days(script.steps)


# --- contracts ---------------------------------------------------------------------------------------------
# First half of 2024: 293 acts = 114 first placements + 102 new relationships + 77 extensions.
#                       1st quarter (152)              2nd quarter (141)             together
#   first placements    59: 15 perm. 30 fixed 14 oth.  55: 17 perm. 29 fixed  9 oth.  114
#   new relationships   53: 14 perm. 26 fixed 13 oth.  49: 16 perm. 26 fixed  7 oth.  102
#   extensions          40:          31 fixed  9 oth.  37:          29 fixed  8 oth.   77
#   permanent 29 + 33 = 62; fixed-term 87 + 84 = 171; other 36 + 24 = 60.
# Of people without a placement before: the 114, 5 + 12 extensions and 10 new relationships (2nd quarter) = 141.


def _sorts(rng: random.Random, permanent: int, fixed: int, other: int) -> list[str]:
    sorts = ["permanent"] * permanent + ["fixed_term"] * fixed + ["other"] * other
    rng.shuffle(sorts)
    return sorts


def _placed(script: Script) -> tuple[list[Person], list[Person]]:
    """Those who are placed, with their contracts: first in the second half of 2023, first in that of 2024."""
    rng = script.rng
    again1, again2 = _sorts(rng, 14, 26, 13), _sorts(rng, 16, 26, 7)
    newcomers_again, again2 = again2[:10], again2[10:]
    earlier: list[Person] = []
    for sort in _sorts(rng, 0, 27, 8):  # prolonged in the first quarter
        hire = _first(script, earlier, sort, date(2023, 9, 4), date(2023, 11, 30))
        _prolong(script, hire, *Q1)
    for sort in _sorts(rng, 0, 19, 6):  # prolonged in the second
        hire = _first(script, earlier, sort, date(2023, 9, 18), date(2023, 12, 15))
        _prolong(script, hire, *Q2)
    firsts = _sorts(rng, 0, 70, 22)
    for number, (sort, again) in enumerate(zip(firsts, [*again1, *again2], strict=True)):
        quarter = Q1 if number < len(again1) else Q2
        prolonged = number % 5 == 0
        last = date(2023, 9, 8) if prolonged else date(2023, 11, 10)
        hire = _first(script, earlier, sort, date(2023, 8, 7), last)
        start = script.between(*quarter)
        if prolonged:
            on = script.between(hire.start + timedelta(days=25), date(2023, 11, 24))
            hire.ends_on = on + timedelta(days=rng.randint(0, 5))
            hire.extensions.append((on, hire.ends_on + timedelta(days=rng.randint(20, 32))))
        else:
            hire.ends_on = _term(rng, hire.start, start)
        _again(hire.person, start, again)
    for number, sort in enumerate(_sorts(rng, 6, 9, 3)):  # these have nothing in 2024
        hire = _first(script, earlier, sort, date(2023, 8, 7), date(2023, 9, 15))
        if sort != "permanent":
            start = script.between(date(2023, 11, 2), date(2023, 12, 15))
            hire.ends_on = _term(rng, hire.start, start)
            _again(hire.person, start, ("fixed_term", "other")[number % 2])
    later: list[Person] = []
    for sort in _sorts(rng, 0, 4, 1):
        _prolong(script, _first(script, later, sort, Q1[0], date(2024, 2, 2)), *Q1)
    for sort in _sorts(rng, 0, 10, 2):
        _prolong(script, _first(script, later, sort, Q1[0], date(2024, 3, 15)), *Q2)
    for sort, again in zip(_sorts(rng, 0, 8, 2), newcomers_again, strict=True):
        hire = _first(script, later, sort, Q1[0], date(2024, 2, 15))
        start = script.between(date(2024, 4, 15), Q2[1])
        hire.ends_on = _term(rng, hire.start, start)
        _again(hire.person, start, again)
    for sort in _sorts(rng, 15, 8, 9):
        _first(script, later, sort, *Q1)
    for sort in _sorts(rng, 17, 29, 9):
        _first(script, later, sort, *Q2)
    _waits(script, earlier, later)
    return earlier, later


def _first(script: Script, group: list[Person], sort: str, first: date, last: date) -> Hire:
    half = "a" if first < NEW_YEAR else "b"
    person = Person(f"{half}{len(group)}")
    group.append(person)
    hire = Hire(person, script.between(first, last), sort, f"{person.key}/0")
    person.hires.append(hire)
    return hire


def _again(person: Person, start: date, sort: str) -> Hire:
    hire = Hire(person, start, sort, f"{person.key}/{len(person.hires)}")
    person.hires.append(hire)
    return hire


def _prolong(script: Script, hire: Hire, first: date, last: date) -> None:
    on = script.between(max(first, hire.start + timedelta(days=22)), last)
    hire.ends_on = on + timedelta(days=script.rng.randint(0, 6))
    hire.extensions.append((on, hire.ends_on + timedelta(days=script.rng.choice((31, 61, 92, 183)))))


def _term(rng: random.Random, start: date, following: date) -> date:
    """A last day between three weeks after the start and three days before the next contract."""
    most = (following - start).days - 3
    return start + timedelta(days=min(most, rng.randint(21, 120)))


def _waits(script: Script, earlier: Sequence[Person], later: Sequence[Person]) -> None:
    """Interview, registration and charge before each first contract; in 2024 after 52 days in the mean."""
    rng = script.rng
    for person in earlier:
        start = person.hires[0].start
        most = min(80, (start - date(2023, 7, 13)).days)
        desk.dates_before(script, person, start, int(rng.triangular(18, most, min(30, most))), FIRST)
    owed = 0.0
    waits = [rng.triangular(20, 106, 30) for _ in later]
    mean = sum(waits) / len(waits)
    for person, wait in zip(later, waits, strict=True):
        # What weekends and holidays took from one wait is given to the next.
        wanted = max(18.0, wait * WAIT / mean + owed)
        wait_was = desk.dates_before(script, person, person.hires[0].start, round(wanted), FIRST)
        owed += wait * WAIT / mean - wait_was


# --- companies ---------------------------------------------------------------------------------------------


def _companies(script: Script, network: Network, hires: Sequence[Hire]) -> tuple[list[Company], list[Company]]:
    """Gives each contract its company. In the first half of 2024: 73 hire, 48 known before and 25 of the 62 that
    join (56 of them small); returns those that hire, and the 110 for which people are sought."""
    rng = script.rng
    opening = workdays.between(FIRST, date(2023, 7, 18))
    old = [
        network.join(script.between(date(2018, 1, 8), date(2023, 6, 20)), rng.choice(opening), SMALL * 3 + LARGE)
        for _ in range(95)
    ]
    for _ in range(40):
        joined = script.between(date(2023, 7, 20), date(2023, 12, 20))
        network.join(joined, script.recorded(joined, pace="late"))
    sizes = [*(rng.choice(SMALL) for _ in range(56)), *(rng.choice(LARGE) for _ in range(6))]
    rng.shuffle(sizes)
    latest = [date(2024, 3, 8)] * 25 + [date(2024, 5, 31)] * 20 + [date(2024, 6, 20)] * 17
    new = []
    for size, last in zip(sizes, latest, strict=True):
        joined = script.between(Q1[0], last)
        new.append(network.join(joined, script.recorded(joined, pace="late"), [size]))
    hiring, before = [*old[:48], *new[:25]], old[:60]
    prolonged = [h for h in hires if any(on >= NEW_YEAR for on, _ in h.extensions) and h.start < NEW_YEAR]
    turns = [hiring[n % 48] for n in range(len(prolonged))]
    rng.shuffle(turns)
    for hire, company in zip(prolonged, turns, strict=True):
        hire.company = company
    newest = [h for h in hires if h.start >= Q2[0] and h is h.person.hires[0]]
    for hire, company in zip(rng.sample(newest, 25), new[:25], strict=True):
        hire.company = company
    weights = {c.key: rng.choice((1, 1, 1, 2, 3, 6)) for c in network.companies}
    for hire in sorted(hires, key=lambda h: (h.start, h.key)):
        if hire.company is None:
            former = {h.company.key for h in hire.person.hires if h.company is not None}
            pool = hiring if hire.start >= NEW_YEAR else before
            able = [c for c in pool if c.key not in former and c.known <= hire.start - timedelta(days=14)]
            hire.company = rng.choices(able, [weights[c.key] for c in able])[0]
    return hiring, [*hiring, *old[48:65], *new[25:45]]


def _mistakes(rng: random.Random, hires: Sequence[Hire]) -> None:
    """Some contracts are first recorded wrongly."""
    plain = [h for h in hires if not h.extensions and len(h.person.hires) == 1]
    agency = [h for h in plain if h.contract == "agency"]
    for hire in rng.sample(agency, min(2, len(agency))):
        hire.mistake = "contract"
    for hire in rng.sample([h for h in plain if h.contract != "agency"], 8):
        hire.mistake = "date"


# --- people ------------------------------------------------------------------------------------------------


def _everybody(script: Script, earlier: Sequence[Person], later: Sequence[Person]) -> list[Person]:
    """All who register: 930 in 2023 and 1,001 in the first half of 2024, those who are placed among them."""
    placed = [*earlier, *later]
    people: list[Person] = []
    for half, quota, first, last in (
        ("u", shares(WARM_UP), FIRST, date(2023, 12, 29)), ("v", H1_2024, NEW_YEAR, workdays.at_or_before(LAST)),
    ):  # fmt: skip
        group = [p for p in placed if p.registered is not None and first <= p.registered <= last]
        for number in range(quota.people - len(group)):
            person = Person(f"{half}{number}")
            desk.dates(script, person, first, last)
            group.append(person)
        _enter(script, group, traits(quota, script.rng))
        people += group
    return people


def _enter(script: Script, group: Sequence[Person], quota: Sequence[Traits]) -> None:
    registry = Registry(random.Random(f"{script.name}/{script.seed}/{group[0].key if group else ''}/names"))
    for person, who in zip(group, quota, strict=True):
        person.traits = who
        desk.enter(script, person, registry)


def _slips(script: Script, people: Sequence[Person], days: Sequence[date]) -> None:
    """Registrations made twice and cancelled, interviews with a wrong date that was put right."""
    rng = script.rng
    registry = Registry(random.Random(f"{script.name}/{script.seed}/slips"))
    for number, day in enumerate(days):
        day = workdays.at_or_after(day)
        values = registry.form(Traits("F", "40-49", "037006"), day)
        values |= {"family_name": f"{values['family_name']} Doppia", "tax_code": None, "on": day, "declared": False}
        key, actor = f"twice/{number}", desk.DESKS[0]
        script.add(day, "intake", "register", key, actor, ("assisted",), values)
        target = (script.id_of("register", key, "person"), ordinal_id(script.cause("register", key), 0))
        script.add(workdays.later(day, 1), "intake", "correct_fact", key, actor, target, {
            "cancel": True, "motive": "duplicate",
        })  # fmt: skip
    met = [p for p in people if p.interview is not None and p.fate in ("strong_profile", "referred")]
    for person in rng.sample(met, min(len(met), 4)):
        assert person.interview is not None
        fact = ordinal_id(script.cause("hold_interview", person.key), 0)
        day = workdays.later(person.busy_until, 1)
        right = workdays.at_or_before(person.interview - DAYS)
        if person.registered is not None and right > person.registered + timedelta(days=5):
            script.add(day, "intake", "correct_fact", person.key, desk.MANAGERS[0], (person.person_id, fact), {
                "on": right, "motive": "wrong_date",
            })  # fmt: skip
            person.busy(day)


# --- any population ----------------------------------------------------------------------------------------


def population(first: date, last: date, people: int, seed: int) -> list[Day]:
    """`people` who register between two days, with the companies, courses and projects that go with so many."""
    rng = random.Random(f"population/{first}/{last}/{people}/{seed}")
    script = Script(f"population/{first}/{last}/{people}", seed, workdays.at_or_before(last), rng)
    network = Network(rng)
    opening = workdays.between(first, first + timedelta(days=14))
    for _ in range(max(3, people // 12)):
        network.join(script.between(date(2018, 1, 8), date(2018, 12, 20)), rng.choice(opening))
    persons: list[Person] = []
    hires: list[Hire] = []
    for number in range(people):
        person = Person(f"p{number}")
        desk.dates(script, person, first, script.last)
        if person.fate == "ready" and person.charge is not None and rng.random() < 0.6:
            _hire(script, person, rng.choice(network.companies))
        persons.append(person)
        hires += person.hires
    _enter(script, persons, traits(shares(people), rng))
    market.companies(script, network)
    for hire in hires:
        market.agree(script, hire)
    vacancies = market.open_vacancies(script, hires, first, first, room=len(hires))
    rest = [p for p in persons if p.fate != "placed"]
    market.recruit(script, vacancies, rest)
    market.employ(script, hires)
    if hires:
        market.never_started(script, rest, network.companies, [workdays.at_or_after(first + (last - first) / 2)])
    if (last - first).days > 60:
        courses.teach(script, max(1, people // 100), first, persons, network.companies)
        projects.fund(script, max(1, people // 200), first, rest)
    for person in persons:
        desk.leave(script, person)
    return in_days(script.steps)


def _hire(script: Script, person: Person, company: Company) -> None:
    """A first contract some weeks after the charge, if there is time for it; sometimes prolonged."""
    assert person.charge is not None
    start = workdays.at_or_after(max(person.charge + timedelta(days=script.rng.randint(14, 60)), company.known))
    if start > script.last or workdays.later(person.charge, 3) > start:
        return
    person.fate = "placed"
    hire = _again(person, start, script.rng.choices(("permanent", "fixed_term", "other"), (20, 60, 20))[0])
    hire.company = company
    if hire.sort != "permanent" and script.rng.random() < 0.3:
        _prolong(script, hire, start, start + timedelta(days=90))
