"""The half-year report at the coordination table's definitions, from facts alone.

Definitions (issue 2 section 4; the published table of the first half of 2024, insiemeperillavoro.it
"Semestre da record"; where the table does not say, the reading is ours and the page says so):
a *placement* is a contract ACT, so a start or an extension, not a person; periods count the civil date on
which a fact happened; what had been recorded by a certain instant is the caller's choice of facts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.reporting.domain.periods import parameter
from shared.events.base import Event
from shared.events.enterprise import FundingApproved, PaymentMade, ProjectSubmitted, TechnicalJudgementGiven
from shared.events.intake import InterviewHeld, PersonRegistered, PersonsJoined, PersonsParted
from shared.events.matching import CompanyRegistered, PlacementExtended, PlacementStarted, SelectionOpened
from shared.events.training import CourseCompleted, Enrolled
from shared.territory import DISTRICTS, UNIONS

COUNTED: tuple[type[Event], ...] = (
    PersonRegistered, InterviewHeld, PlacementStarted, PlacementExtended, SelectionOpened, CompanyRegistered,
    Enrolled, CourseCompleted, ProjectSubmitted, TechnicalJudgementGiven, FundingApproved, PaymentMade,
    PersonsJoined, PersonsParted,
)  # fmt: skip
"""The facts that the figures are made of."""
LASTING: tuple[type[Event], ...] = (PlacementStarted, InterviewHeld, PersonsJoined, PersonsParted)
"""Those whose past counts too: who was placed before, since when somebody waits, and who is the same person."""
LINES = ("2a", "2b", "2c")
NO_UNION, OUTSIDE = "none", "outside"
Act = PlacementStarted | PlacementExtended


@dataclass(frozen=True, slots=True)
class HalfYear:
    """The figures of a half-year. Amounts are euro cents, waits are days."""

    enrolments: int
    men: int
    women: int
    undeclared: int
    over_50: int
    in_capital: int
    by_district: dict[str, int]
    by_union: dict[str, int]
    placements: int
    first_placements: int
    new_relationships: int
    extensions: int
    acts_of_newcomers: int
    acts_of_others: int
    permanent: int
    fixed_term: int
    other_contracts: int
    persons_placed: int
    persons_started: int
    waits: int
    without_interview: int
    mean_wait: int | None
    hiring_companies: int
    selections: int
    selecting_companies: int
    new_companies: int
    small_new_companies: int
    courses_enrolled: dict[str, int] = field(default_factory=dict)
    courses_completed: dict[str, int] = field(default_factory=dict)
    projects_submitted: int = 0
    projects_suitable: int = 0
    projects_approved: int = 0
    amount_requested: int = 0
    amount_approved: int = 0
    amount_paid: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing at all happened in it: a table of noughts would look like a finding."""
        return not (self.enrolments or self.placements or self.selections or self.new_companies
                    or self.projects_submitted or any(self.courses_enrolled.values()))  # fmt: skip


def half_year(facts: Iterable[Event], start: date, end: date, roots: Mapping[str, str] | None = None) -> HalfYear:
    """The figures of the days from `start` to `end`, both included.

    `facts` are those of COUNTED that hold, whenever they happened, in the order of their recording: the past
    before `start` tells who was placed for the first time. Of two placements of a person that start on the
    same day the one recorded first is the first. `roots` says who was joined to whom (by the same instant): they are
    one person, whenever that was decided.
    """
    counted = _as_one([fact for fact in facts if isinstance(fact, COUNTED)], start, end, roots or {})
    within = [fact for fact in counted if start <= fact.on <= end]
    starts = [f for f in counted if isinstance(f, PlacementStarted)]
    interviews = [f for f in counted if isinstance(f, InterviewHeld)]
    selections = [f for f in within if isinstance(f, SelectionOpened)]
    joined = [f for f in within if isinstance(f, CompanyRegistered)]
    return HalfYear(
        **_people([f for f in within if isinstance(f, PersonRegistered)], end),
        **_placements([f for f in within if isinstance(f, Act)], starts, interviews, start),
        selections=len(selections),
        selecting_companies=len({s.company_id for s in selections}),
        new_companies=len(joined),
        small_new_companies=sum(_employees(c) < parameter("small_company", end) for c in joined),
        courses_enrolled=_by_line(f for f in within if isinstance(f, Enrolled)),
        courses_completed=_by_line(f for f in within if isinstance(f, CourseCompleted)),
        **_projects(within),
    )


def _as_one(facts: list[Event], start: date, end: date, roots: Mapping[str, str]) -> list[Event]:
    """The facts with joined people under their one id. A person entered twice in the half-year came once: of the
    registrations in it those of one id count, the one that stays or else the first."""
    if not roots:
        return facts
    counts: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, PersonRegistered) and start <= fact.on <= end:
            root = roots.get(fact.person_id, fact.person_id)
            if fact.person_id == root:
                counts[root] = root
            counts.setdefault(root, fact.person_id)
    found: list[Event] = []
    for fact in facts:
        person = str(getattr(fact, "person_id", None) or "")
        root = roots.get(person, person)
        if isinstance(fact, PersonRegistered) and counts.get(root, person) != person and start <= fact.on <= end:
            continue
        found.append(fact if root == person else fact.model_copy(update={"person_id": root}))
    return found


def _people(enrolled: list[PersonRegistered], end: date) -> dict[str, Any]:
    sexes = Counter(p.sex for p in enrolled)
    over = parameter("over_age", end)
    districts = Counter(p.district for p in enrolled)
    unions = Counter(OUTSIDE if p.district == OUTSIDE else p.union or NO_UNION for p in enrolled)
    outside = {OUTSIDE: districts["outside"]} if districts["outside"] else {}
    return {
        "enrolments": len(enrolled), "men": sexes["M"], "women": sexes["F"], "undeclared": sexes["X"],
        "over_50": sum(_from_age(p.age_band) >= over for p in enrolled),
        "in_capital": sum(p.in_capital for p in enrolled),
        "by_district": {district: districts[district] for district in DISTRICTS} | outside,
        "by_union": {union: unions.pop(union, 0) for union in (*UNIONS, NO_UNION)} | dict(sorted(unions.items())),
    }  # fmt: skip


def _from_age(band: str) -> int:
    """The first age of a ten-year band."""
    return int(band.rstrip("+").split("-")[0])


def _employees(company: CompanyRegistered) -> int:
    """The fewest employees that the company's class stands for."""
    return int(company.size.rstrip("+").split("-")[0])


def _placements(
    acts: list[Act], starts: list[PlacementStarted], interviews: list[InterviewHeld], start: date
) -> dict[str, Any]:
    first = _first_placements(starts)
    beginnings = {id(placement) for placement in first.values()}
    firsts = [a for a in acts if isinstance(a, PlacementStarted) and id(a) in beginnings]
    extensions = sum(isinstance(a, PlacementExtended) for a in acts)
    placed_before = {person for person, placement in first.items() if placement.on < start}
    newcomers = sum(a.person_id not in placed_before for a in acts)
    permanent = sum(a.contract == "permanent" for a in acts)
    fixed_term = sum(a.contract == "fixed_term" for a in acts)
    waits = _waits(firsts, interviews)
    return {
        "placements": len(acts), "first_placements": len(firsts), "extensions": extensions,
        "new_relationships": len(acts) - len(firsts) - extensions,
        "acts_of_newcomers": newcomers, "acts_of_others": len(acts) - newcomers,
        "permanent": permanent, "fixed_term": fixed_term, "other_contracts": len(acts) - permanent - fixed_term,
        "persons_placed": len({a.person_id for a in acts}),
        "persons_started": len({a.person_id for a in acts if isinstance(a, PlacementStarted)}),
        "hiring_companies": len({a.company_id for a in acts}),
        "waits": len(waits), "without_interview": len(firsts) - len(waits), "mean_wait": mean_days(waits),
    }  # fmt: skip


def _first_placements(starts: list[PlacementStarted]) -> dict[str, PlacementStarted]:
    """The first mediated placement of each person, over all time."""
    first: dict[str, PlacementStarted] = {}
    for placement in starts:
        known = first.get(placement.person_id)
        if known is None or placement.on < known.on:
            first[placement.person_id] = placement
    return first


def _waits(firsts: list[PlacementStarted], interviews: list[InterviewHeld]) -> list[int]:
    """Days from the first interview to the start of the first placement; a person whose interview is not
    recorded, or only after the start, has no wait that could be measured."""
    met: dict[str, date] = {}
    for interview in interviews:
        known = met.get(interview.person_id)
        if known is None or interview.on < known:
            met[interview.person_id] = interview.on
    return [
        (placement.on - met[placement.person_id]).days
        for placement in firsts
        if placement.person_id in met and met[placement.person_id] <= placement.on
    ]


def mean_days(waits: list[int]) -> int | None:
    """The mean in whole days, a half rounded up; None where there is nothing to average."""
    return (2 * sum(waits) + len(waits)) // (2 * len(waits)) if waits else None


def _by_line(facts: Iterable[Enrolled | CourseCompleted]) -> dict[str, int]:
    counts = Counter[str](fact.line for fact in facts)
    return {line: counts[line] for line in LINES}


def _projects(facts: list[Event]) -> dict[str, Any]:
    submitted = [f for f in facts if isinstance(f, ProjectSubmitted)]
    approved = [f for f in facts if isinstance(f, FundingApproved)]
    return {
        "projects_submitted": len(submitted),
        "projects_suitable": sum(isinstance(f, TechnicalJudgementGiven) and f.outcome == "suitable" for f in facts),
        "projects_approved": len(approved),
        "amount_requested": sum(f.requested for f in submitted),
        "amount_approved": sum(f.amount for f in approved),
        "amount_paid": sum(f.amount for f in facts if isinstance(f, PaymentMade)),
    }
