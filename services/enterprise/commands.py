"""One function per command: reads what the decision needs, writes texts to the vault, appends the facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.enterprise import domain
from services.enterprise.domain import Charge, Project, budget_stream, path_stream, project_stream
from services.enterprise.views import PEOPLE
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused, Stream
from shared.envelope import Recorded
from shared.events.base import Code, Event, Id, Motive
from shared.events.enterprise import (
    BudgetId,
    BudgetSet,
    EnterpriseFunded,
    EnterprisePathStarted,
    FundingApproved,
    FundsCommitted,
    FundsPaid,
    Kind,
    PathwayFactCorrected,
    PaymentMade,
    ProjectFactCorrected,
    ProjectSector,
    ProjectSubmitted,
)
from shared.projection.aliases import joined_under
from shared.projection.privacy import restriction_of
from shared.store import Command, Outcome, Store, Unit, fold
from shared.store.unit import ENDED

ITALIAN = re.compile(r"^([0-9]{1,3}(\.[0-9]{3}){1,2}|[0-9]{1,9})(,[0-9]{1,2})?$")


def cents(value: Any) -> Any:
    """Euro cents from what was typed: `1.234,56` -> 123456. An integer (the JSON API) is cents already."""
    if not isinstance(value, str):
        return value
    typed = value.replace("€", "").replace("\N{NO-BREAK SPACE}", " ").strip()
    if not ITALIAN.fullmatch(typed):
        raise ValueError("Scrivi l'importo in euro, per esempio 1.234,56.")
    whole, _, rest = typed.replace(".", "").partition(",")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


AsCents = Annotated[int, Field(ge=0, le=10**11, description="Centesimi di euro.")]
AsTyped = Annotated[str, StringConstraints(pattern=ITALIAN.pattern), Field(description="Euro, come 1.234,56.")]
Euro = Annotated[int, BeforeValidator(cents, json_schema_input_type=AsCents | AsTyped), Field(ge=0, le=10**11)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,30}$")]
Day = Annotated[date, Field(ge=date(2017, 1, 1), le=date(2100, 12, 31))]


class Form(BaseModel):
    """What a form or an API body holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BudgetForm(Form):
    """The year's amount of a line."""

    year: int = Field(ge=2017, le=2099)
    name: Name
    amount: Euro
    source: Literal["public", "fsp"]
    on: Day


class ProjectForm(Form):
    """A project, of a person or of a social enterprise (known, or new by its name)."""

    kind: Kind
    person_id: Id | None = None
    organisation_id: Id | None = None
    organisation: Line | None = None
    tax_code: Annotated[str, StringConstraints(pattern=r"^([0-9]{11}|[A-Za-z0-9]{16})$")] | None = None
    sector: ProjectSector
    requested: Euro
    jobs: int = Field(default=0, ge=0, le=999)
    title: Line
    description: Text
    on: Day


class JudgementForm(Form):
    """The technical judgement."""

    outcome: Literal["suitable", "unsuitable"]
    score: int = Field(ge=0, le=100)
    reasons: Text
    on: Day


class ApprovalForm(Form):
    """Approval with an amount, on a line of the year of the decision."""

    budget_id: BudgetId
    amount: Euro
    on: Day


class RefusalForm(Form):
    """No funding."""

    reason: Literal["budget", "duplicate_support", "priorities", "withdrawn"]
    on: Day


class PaymentForm(Form):
    """A payment."""

    amount: Euro
    order: Code
    on: Day


class CorrectionForm(Form):
    """A fact was wrong: what holds instead (the fields given), or nothing (`cancel`)."""

    fact_id: Id
    motive: Motive
    cancel: bool = False
    happened_on: Day | None = None
    amount: Euro | None = None
    requested: Euro | None = None
    sector: ProjectSector | None = None
    jobs: Annotated[int, Field(ge=0, le=999)] | None = None
    outcome: Literal["suitable", "unsuitable"] | None = None
    score: Annotated[int, Field(ge=0, le=100)] | None = None
    reason: Literal["budget", "duplicate_support", "priorities", "withdrawn"] | None = None
    order: Code | None = None

    def changes(self) -> dict[str, Any]:
        """The fields of the fact that the form gives, as JSON values."""
        values = self.model_dump(mode="json", exclude={"fact_id", "motive", "cancel"}, exclude_none=True)
        return {("on" if name == "happened_on" else name): value for name, value in values.items()}


async def _charge(unit: Unit, person_id: str | None) -> Charge | None:
    row = await unit.row(PEOPLE, await joined_under(unit, person_id) or person_id) if person_id else None
    return Charge(row["taken_on"], row["closed_on"]) if row else None


async def _known(unit: Unit, project_id: str) -> Project:
    """The project as it stands: which other streams the decision needs. (`states` itself is called once.)"""
    await unit.transaction.load([project_id])
    return fold(project_stream(project_id), unit.history(project_id))


async def set_budget(store: Store, command: Command, values: BudgetForm) -> Outcome:
    """Gives a line of the year its amount."""
    budget_id = f"budget-{values.year}-{values.name}"

    async def decide(unit: Unit) -> Decision:
        (budget,) = await unit.states(budget_stream(budget_id))
        return domain.set_budget(
            budget, budget_id=budget_id, year=values.year, amount=values.amount, source=values.source,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def submit_project(store: Store, command: Command, values: ProjectForm) -> Outcome:
    """Registers a project; its title, text and organisation go to the vault."""

    async def decide(unit: Unit) -> Decision:
        project_id = unit.new_id("project")
        organisation_id = values.organisation_id
        if organisation_id is None and values.organisation:
            organisation_id = unit.new_id("organisation")
        path = domain.Path()
        if values.person_id and await joined_under(unit, values.person_id) is not None:
            await unit.states(project_stream(project_id))  # a repeated command gets its first answer
            return Refused(
                "joined_person",
                "Questa scheda è unita a un'altra della stessa persona: presenta il progetto da quella.",
                "person_id",
            )
        if values.person_id:
            project, path = await unit.states(project_stream(project_id), path_stream(values.person_id))
            if refused := await restriction_of(unit, values.person_id):
                return replace(refused, field="person_id")
        else:
            (project,) = await unit.states(project_stream(project_id))
        named = {"organisation": values.organisation, "tax_code": values.tax_code}
        if values.organisation_id and not values.organisation:
            known = await store.vault.latest(unit.conn, "project", [values.organisation_id])
            if values.organisation_id not in known:
                return Refused("no_organisation", "Scrivi il nome dell'impresa sociale.", "organisation")
            named = {name: known[values.organisation_id][name] for name in named}
        card = named | {"title": values.title, "description": values.description}
        reference = await unit.vault.write("project", values.person_id or organisation_id or project_id, card)
        return domain.submit_project(
            project, path, await _charge(unit, values.person_id), project_id=project_id, kind=values.kind,
            person_id=values.person_id, organisation_id=organisation_id, sector=values.sector,
            requested=values.requested, jobs=values.jobs, card=reference, on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def judge_project(
    store: Store, command: Command, project_id: str, values: JudgementForm, *, role: str
) -> Outcome:
    """Records the judgement of the Comitato di valutazione; the reasons go to the vault."""

    async def decide(unit: Unit) -> Decision:
        submission = (await _known(unit, project_id)).submission
        if submission and submission.person_id:
            project, path = await unit.states(project_stream(project_id), path_stream(submission.person_id))
            if path.forgotten and not path.kept:
                return ENDED
        else:
            (project,) = await unit.states(project_stream(project_id))
        subject = (submission.person_id or submission.organisation_id) if submission else None
        reasons = await unit.vault.write("reasons", subject or project_id, {"text": values.reasons})
        return domain.judge_project(
            project, outcome=values.outcome, score=values.score, reasons=reasons, by=unit.actor, role=role,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def approve_funding(
    store: Store, command: Command, project_id: str, values: ApprovalForm, *, role: str
) -> Outcome:
    """Records the approval of the Comitato di gestione and binds the money, in one decision."""

    async def decide(unit: Unit) -> Decision:
        submission = (await _known(unit, project_id)).submission
        streams: tuple[Any, Any] = project_stream(project_id), budget_stream(values.budget_id)
        if submission and submission.person_id:
            project, budget, _ = await unit.states(*streams, path_stream(submission.person_id))
        else:
            project, budget = await unit.states(*streams)
        return domain.approve_funding(
            project, budget, budget_id=values.budget_id, amount=values.amount, by=unit.actor, role=role,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def refuse_funding(store: Store, command: Command, project_id: str, values: RefusalForm, *, role: str) -> Outcome:
    """Records that the Comitato di gestione does not fund the project."""

    async def decide(unit: Unit) -> Decision:
        (project,) = await unit.states(project_stream(project_id))
        return domain.refuse_funding(
            project, reason=values.reason, by=unit.actor, role=role, on=values.on, today=unit.today
        )

    return await store.execute(command, decide)


async def make_payment(store: Store, command: Command, project_id: str, values: PaymentForm) -> Outcome:
    """Records a payment, on the project and on its budget line."""

    async def decide(unit: Unit) -> Decision:
        approval = (await _known(unit, project_id)).approval
        budget = domain.Budget()
        if approval:
            project, budget = await unit.states(project_stream(project_id), budget_stream(approval.budget_id))
        else:
            (project,) = await unit.states(project_stream(project_id))
        return domain.make_payment(
            project, budget, payment_id=unit.new_id("payment"), amount=values.amount, order=values.order,
            on=values.on, today=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)


async def correct_budget(
    store: Store, command: Command, budget_id: str, values: CorrectionForm, *, role: str
) -> Outcome:
    """Rectifies or cancels the amount of a line."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(budget_stream(budget_id))
        fact = _held(unit, budget_id, values.fact_id)
        if fact is None or not isinstance(fact.event, BudgetSet):
            return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
        if refused := domain.check_correction(fact.event, values.changes(), role=role):
            return refused
        return await _correct_all(unit, values, [(budget_stream(budget_id), fact)])

    return await store.execute(command, decide)


async def correct_project(
    store: Store, command: Command, project_id: str, values: CorrectionForm, *, role: str
) -> Outcome:
    """Rectifies or cancels a fact of a project, with those that were recorded together with it."""

    async def decide(unit: Unit) -> Decision:
        (project,) = await unit.states(project_stream(project_id))
        fact = _held(unit, project_id, values.fact_id)
        if fact is None:
            return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
        if refused := domain.check_correction(fact.event, values.changes(), role=role):
            return refused
        facts: list[tuple[Stream[Any], Recorded]] = [(project_stream(project_id), fact)]
        for stream in _companions(fact.event, project):
            await unit.transaction.load([stream.id])
            facts += [
                (stream, other) for other in effective(unit.history(stream.id)) if _same_matter(fact.event, other.event)
            ]
        decision = await _correct_all(unit, values, facts)
        if isinstance(decision, Refused):
            return decision
        person_id = project.submission.person_id if project.submission else None
        after = fold(project_stream(project_id), _after(unit, project_id, decision))
        refused = domain.check_project_after(
            project, after, fact.event, by=unit.actor, charge=await _charge(unit, person_id)
        )
        return refused or decision

    return await store.execute(command, decide)


def _held(unit: Unit, stream_id: str, fact_id: str) -> Recorded | None:
    held = effective(unit.history(stream_id))
    return next((fact for fact in held if fact.meta.id == fact_id), None)


def _companions(fact: Event, project: Project) -> list[Stream[Any]]:
    """The other streams on which the same decision left a fact."""
    person_id = project.submission.person_id if project.submission else None
    person: list[Stream[Any]] = [path_stream(person_id)] if person_id else []
    match fact:
        case ProjectSubmitted():
            return person
        case FundingApproved():
            return [budget_stream(fact.budget_id), *person]
        case PaymentMade():
            return [budget_stream(fact.budget_id)]
        case _:
            return []


def _same_matter(fact: Event, other: Event) -> bool:
    match fact, other:
        case ProjectSubmitted(), EnterprisePathStarted():
            return fact.project_id == other.project_id
        case FundingApproved(), FundsCommitted() | EnterpriseFunded():
            return fact.project_id == other.project_id
        case PaymentMade(), FundsPaid():
            return fact.payment_id == other.payment_id
        case _:
            return False


async def _correct_all(unit: Unit, values: CorrectionForm, facts: Sequence[tuple[Stream[Any], Recorded]]) -> Decision:
    """The corrections of the facts of one decision, and the budget line still sound after them.

    `shown` is the version of the first stream, which was compared already: the others were not shown.
    """
    quiet = Unit(unit.transaction, replace(unit.command, shown=None))
    corrections: list[Event] = []
    for number, (stream, fact) in enumerate(facts):
        fields = type(fact.event).model_fields
        changes = {name: value for name, value in values.changes().items() if name in fields}
        if number and not values.cancel and not changes:
            continue  # what is rectified does not stand in this one
        decided = await correct(
            quiet, stream, _correction(fact.event), fact_id=fact.meta.id,
            corrected=None if values.cancel else changes, motive=values.motive, on=unit.today,
        )  # fmt: skip
        if isinstance(decided, Refused):
            return decided
        corrections += decided
        if not stream.id.startswith("budget-"):
            continue
        if refused := domain.sound_budget(fold(stream, _after(unit, stream.id, decided))):
            return refused
    return corrections


def _correction(fact: Event) -> type[ProjectFactCorrected] | type[PathwayFactCorrected]:
    return PathwayFactCorrected if fact.TOPIC == "pathway" else ProjectFactCorrected


def _after(unit: Unit, stream_id: str, corrections: Sequence[Event]) -> list[Recorded]:
    """The stream with these corrections at its end."""
    history = list(unit.history(stream_id))
    mine = [event for event in corrections if event.subject == stream_id]
    return [*history, *(Recorded(history[-1].meta, event) for event in mine)]
