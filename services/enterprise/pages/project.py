"""One project: all of it, its history, and the next action, for whom it concerns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from services.enterprise import commands, domain, labels, views
from services.enterprise.domain import Project, euros, parameter, project_stream
from services.enterprise.pages.common import ERASED, HOME, StoreOf, Viewer, story, titled, typed
from shared import clock
from shared.corrections import effective
from shared.decisions import Refused
from shared.envelope import Recorded
from shared.events.base import Event, Id
from shared.events.enterprise import (
    FundingApproved,
    FundingRefused,
    PaymentMade,
    ProjectSubmitted,
    TechnicalJudgementGiven,
)
from shared.projection import Reading, Row
from shared.store import Command, Outcome, Store, fold
from shared.web.app import command
from shared.web.facts import label_of
from shared.web.forms import Errors, form
from shared.web.labels import MOTIVES, OUTCOMES
from shared.web.pages import done, page
from shared.web.problems import Problem
from shared.web.readers import Reader, may, requires

router = APIRouter()
Judge = Annotated[Reader, requires("enterprise.judge")]
Manager = Annotated[Reader, requires("enterprise.approve")]
Payer = Annotated[Reader, requires("enterprise.pay")]
Corrector = Annotated[Reader, requires("enterprise.correct")]
MISSING = Problem(404, "no_project", "Questo progetto non esiste.")
CORRECTED_BY: dict[type[Event], tuple[str, str]] = {
    ProjectSubmitted: ("enterprise.correct", ""),
    PaymentMade: ("enterprise.correct", ""),
    TechnicalJudgementGiven: ("enterprise.judge", "/judgement"),
    FundingApproved: ("enterprise.approve", "/decision"),
    FundingRefused: ("enterprise.approve", "/decision"),
}
"""Type of fact -> the action that its correction needs, and the address where the form is sent."""
CHOICES = {"sector": labels.SECTORS, "outcome": labels.JUDGEMENTS, "reason": labels.REASONS}
Again = Callable[[Errors | Refused], Awaitable[HTMLResponse]]


def next_step(project: Project, reader: Reader) -> str:
    """Who has to do what now; for the others, why they must wait."""
    match domain.status(project):
        case "to_judge":
            if may(reader, "enterprise.judge"):
                return "Tocca al Comitato di valutazione: registra qui sotto il giudizio tecnico."
            if may(reader, "enterprise.approve"):
                return (
                    "In attesa del giudizio tecnico del Comitato di valutazione: il Comitato di gestione potrà"
                    " decidere solo dopo, e solo se il progetto è idoneo."
                )
            return "In attesa del giudizio tecnico del Comitato di valutazione."
        case "to_decide":
            if may(reader, "enterprise.approve"):
                if project.judgement and project.judgement.by == reader.account:
                    return "Hai registrato il giudizio tecnico: la decisione spetta a un'altra persona."
                return "Tocca al Comitato di gestione: approva con un importo oppure non finanziare."
            return "Idoneo: in attesa della decisione del Comitato di gestione."
        case "to_pay":
            rest = euros((project.approval.amount if project.approval else 0) - project.paid)
            if may(reader, "enterprise.pay"):
                return f"Approvato: restano da pagare {rest}."
            return f"Approvato: in attesa del pagamento di {rest}."
        case "paid":
            return "Pagato per intero: non c'è altro da fare."
        case "unsuitable":
            return "Non idoneo: il Comitato di gestione non può finanziarlo."
        case "refused":
            return "Non finanziato: il progetto è chiuso."
        case _:
            return "La domanda è stata annullata."


@router.get("/projects/{project_id}")
async def project(request: Request, store: StoreOf, reader: Viewer, project_id: Id) -> Response:
    """The project as it is now."""
    return await _show(request, store, reader, project_id)


async def _show(
    request: Request, store: Store, reader: Reader, project_id: str, errors: Errors | Refused | None = None
) -> HTMLResponse:
    recorded = await store.history(project_id)
    state = fold(project_stream(project_id), recorded)
    submission = state.submission or _first(recorded)
    base = f"{HOME}/projects/{project_id}"
    async with store.read() as reading:
        texts = await _texts(store, reading, submission, recorded)
        person = await reading.row(views.PEOPLE, submission.person_id) if submission.person_id else None
        lines = await _lines(reading, state)
        others = [
            row for row in await titled(store, reading, await _others(reading, submission))
            if row["project_id"] != project_id
        ]  # fmt: skip
    correctable = {t: where for t, (action, where) in CORRECTED_BY.items() if may(reader, action)}
    if state.approval or state.refusal:
        correctable.pop(TechnicalJudgementGiven, None)
    return page(
        request, "enterprise/project.html", title=texts["title"], errors=errors, base=base, project=state,
        submission=submission, texts=texts, proposer=person, standing=domain.status(state), labels=labels,
        outcomes=OUTCOMES, step=next_step(state, reader), others=others, lines=lines, euros=euros,
        items=story(store, recorded, correctable, base), version=recorded[-1].meta.version,
        judge_name=store.name_of(state.judgement.by) if state.judgement else "",
        threshold=parameter("judgement.threshold", clock.today()), own_judgement=_own(state, reader),
        ceiling=parameter(f"ceiling.{submission.kind}", clock.today()), publish=_to_publish(state),
        values=_defaults(state, submission),
    )  # fmt: skip


def _first(recorded: list[Recorded]) -> ProjectSubmitted:
    """The submission as it was recorded, where it was cancelled since."""
    found = next((r.event for r in recorded if isinstance(r.event, ProjectSubmitted)), None)
    if found is None:
        raise MISSING
    return found


def _own(state: Project, reader: Reader) -> bool:
    return bool(state.judgement and state.judgement.by == reader.account)


def _to_publish(state: Project) -> bool:
    """Whether this act alone is over the threshold of D.Lgs. 33/2013 art. 26."""
    approval = state.approval
    return bool(approval and approval.amount > parameter("publication.threshold", approval.on))


def _defaults(state: Project, submission: ProjectSubmitted) -> Row:
    today = clock.today()
    values: Row = {"on": today}
    if state.approval:
        values["amount"] = typed(max(state.approval.amount - state.paid, 0))
    else:
        values["amount"] = typed(min(submission.requested, parameter(f"ceiling.{submission.kind}", today)))
    return values


async def _texts(store: Store, reading: Reading, submission: ProjectSubmitted, recorded: list[Recorded]) -> Row:
    """Title, description, organisation and the judgement's reasons, from the vault."""
    judgements = [r.event for r in effective(recorded) if isinstance(r.event, TechnicalJudgementGiven)]
    references = [submission.card, *(judgement.reasons for judgement in judgements)]
    found = await store.vault.read_many(reading.conn, references)
    card = found.get(submission.card, {"title": ERASED, "description": ERASED})
    reasons = found.get(references[-1], {"text": ERASED})["text"] if judgements else None
    none: Row = {"organisation": None, "tax_code": None}
    return none | card | {"reasons": reasons}


async def _others(reading: Reading, submission: ProjectSubmitted) -> list[Row]:
    """Other projects of the same proposer: the protocol wants no duplicated support."""
    if submission.person_id:
        return await views.projects(reading, person_id=submission.person_id)
    rows = await views.projects(reading, kind=submission.kind)
    return [row for row in rows if row["organisation_id"] == submission.organisation_id]


async def _lines(reading: Reading, state: Project) -> dict[str, str]:
    """The lines that an approval may use: of the years from the judgement to today."""
    today: date = clock.today()
    first = state.judgement.on.year if state.judgement else today.year
    return {
        row["budget_id"]: f"{row['name']} {row['year']}: restano {euros(max(row['left'], 0))}"
        for row in await views.budgets(reading)
        if first <= row["year"] <= today.year
    }


async def _act(
    request: Request, reader: Reader, model: type[BaseModel], run: Callable[[Command, Any], Awaitable[Outcome]],
    again: Again, to: str,
) -> Response:  # fmt: skip
    """A form's way: what does not fit, or is refused, is shown again with all that was typed."""
    values = await form(request, model)
    if isinstance(values, Errors):
        return await again(values)
    outcome = await run(command(request, reader), values)
    if isinstance(outcome, Refused):
        return await again(outcome)
    return done(request, outcome, to=to)


async def _project_act(
    request: Request, store: Store, reader: Reader, project_id: str, model: type[BaseModel],
    run: Callable[[Command, Any], Awaitable[Outcome]],
) -> Response:  # fmt: skip
    async def again(errors: Errors | Refused) -> HTMLResponse:
        return await _show(request, store, reader, project_id, errors)

    return await _act(request, reader, model, run, again, f"{HOME}/projects/{project_id}")


@router.post("/projects/{project_id}/judgement")
async def judge(request: Request, store: StoreOf, reader: Judge, project_id: Id) -> Response:
    """Records the technical judgement."""
    return await _project_act(
        request, store, reader, project_id, commands.JudgementForm,
        lambda by, values: commands.judge_project(store, by, project_id, values, role=reader.role),
    )  # fmt: skip


@router.post("/projects/{project_id}/approval")
async def approve(request: Request, store: StoreOf, reader: Manager, project_id: Id) -> Response:
    """Records the approval."""
    return await _project_act(
        request, store, reader, project_id, commands.ApprovalForm,
        lambda by, values: commands.approve_funding(store, by, project_id, values, role=reader.role),
    )  # fmt: skip


@router.post("/projects/{project_id}/refusal")
async def refuse(request: Request, store: StoreOf, reader: Manager, project_id: Id) -> Response:
    """Records that it is not funded."""
    return await _project_act(
        request, store, reader, project_id, commands.RefusalForm,
        lambda by, values: commands.refuse_funding(store, by, project_id, values, role=reader.role),
    )  # fmt: skip


@router.post("/projects/{project_id}/payments")
async def pay(request: Request, store: StoreOf, reader: Payer, project_id: Id) -> Response:
    """Records a payment."""
    return await _project_act(
        request, store, reader, project_id, commands.PaymentForm,
        lambda by, values: commands.make_payment(store, by, project_id, values),
    )  # fmt: skip


@router.get("/projects/{project_id}/facts/{fact_id}")
async def correction(request: Request, store: StoreOf, reader: Viewer, project_id: Id, fact_id: Id) -> Response:
    """The form with which one fact is corrected."""
    return await _correction(request, store, reader, project_id, fact_id, None)


async def _correction(
    request: Request, store: Store, reader: Reader, project_id: str, fact_id: str,
    errors: Errors | Refused | None,
) -> HTMLResponse:  # fmt: skip
    recorded = await store.history(project_id)
    fact = next((r for r in effective(recorded) if r.meta.id == fact_id), None)
    if fact is None or type(fact.event) not in CORRECTED_BY:
        raise Problem(404, "fact_not_found", "Questo fatto non c'è o è già stato annullato.")
    action, where = CORRECTED_BY[type(fact.event)]
    if not may(reader, action):
        raise Problem(403, "other_committee", "Può correggere questo fatto solo chi lo ha deciso.")
    async with store.read() as reading:
        texts = await _texts(store, reading, _first(recorded), recorded)
    names = sorted(domain.CORRECTABLE[type(fact.event)] - {"on"})
    values = {name: _as_typed(name, getattr(fact.event, name)) for name in names}
    base = f"{HOME}/projects/{project_id}"
    return page(
        request, "enterprise/correction.html", title=f"Correggi: {label_of(fact.meta.type)}", errors=errors,
        values=values | {"happened_on": fact.event.on}, inputs=("happened_on", *names), choices=CHOICES,
        action=f"{base}/facts/{fact_id}{where}", fact_id=fact_id, motives=MOTIVES,
        version=recorded[-1].meta.version, trail=((texts["title"], base),),
    )  # fmt: skip


def _as_typed(name: str, value: Any) -> Any:
    return typed(value) if name in ("amount", "requested") else value


async def _correct(request: Request, store: Store, reader: Reader, project_id: str, fact_id: str) -> Response:
    async def again(errors: Errors | Refused) -> HTMLResponse:
        return await _correction(request, store, reader, project_id, fact_id, errors)

    return await _act(
        request, reader, commands.CorrectionForm,
        lambda by, values: commands.correct_project(store, by, project_id, values, role=reader.role),
        again, f"{HOME}/projects/{project_id}",
    )  # fmt: skip


@router.post("/projects/{project_id}/facts/{fact_id}")
async def correct(request: Request, store: StoreOf, reader: Corrector, project_id: Id, fact_id: Id) -> Response:
    """Corrects a submission or a payment."""
    return await _correct(request, store, reader, project_id, fact_id)


@router.post("/projects/{project_id}/facts/{fact_id}/judgement")
async def correct_judgement(request: Request, store: StoreOf, reader: Judge, project_id: Id, fact_id: Id) -> Response:
    """Corrects the judgement, for the committee that gave it."""
    return await _correct(request, store, reader, project_id, fact_id)


@router.post("/projects/{project_id}/facts/{fact_id}/decision")
async def correct_decision(request: Request, store: StoreOf, reader: Manager, project_id: Id, fact_id: Id) -> Response:
    """Corrects the decision, for the committee that took it."""
    return await _correct(request, store, reader, project_id, fact_id)
