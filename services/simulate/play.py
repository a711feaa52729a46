"""Carries out the steps of a plan through the services' own commands. A refusal is a fault of the plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.enterprise import commands as enterprise
from services.intake import commands as intake
from services.intake import forms
from services.matching import commands as matching
from services.matching.commands import forms as matching_forms
from services.simulate.desk import MANAGERS
from services.simulate.steps import Step
from services.training import commands as training
from services.training.commands import forms as training_forms
from shared.decisions import Decision, Refused
from shared.store import Accepted, Command, Outcome, Store, Unit

Play = Callable[[Store, Command, Step], Awaitable[Outcome]]
JUDGES, BOARD = "evaluation_committee", "management_committee"


class StepRefused(Exception):
    """A decision refused what the plan says. It names the command; nothing of that day was recorded."""


async def play(store: Store, step: Step, now: datetime) -> Accepted:
    """One step, recorded at `now`; its facts, also those of an earlier run. Raises StepRefused."""
    outcome = await PLAYS[f"{step.service}.{step.name}"](store, Command(step.cause, step.actor, now), step)
    if isinstance(outcome, Refused):
        raise StepRefused(
            f"{step.service}.{step.name} {'/'.join(step.target)} ({step.recorded}, causa {step.cause}):"
            f" {outcome.code}, {outcome.sentence}"
        )
    return outcome


async def _register(store: Store, command: Command, step: Step) -> Outcome:
    values = forms.RegisterForm.model_validate(step.values)

    async def decide(unit: Unit) -> Decision:
        return await intake.register_in(
            unit, values, None, "questionnaire" if "questionnaire" in step.target else "assisted"
        )

    return await store.execute(command, decide)


def _form(command: Callable[..., Awaitable[Outcome]], form: type[BaseModel], *more: Any, **fixed: Any) -> Play:
    """A command that takes the step's ids and then its form, as most do."""

    async def run(store: Store, asked: Command, step: Step) -> Outcome:
        return await command(store, asked, *step.target, form.model_validate(step.values), *more, **fixed)

    return run


PLAYS: dict[str, Play] = {
    "intake.register": _register,
    "intake.check_domicile": _form(intake.check_domicile, forms.DomicileForm),
    "intake.check_status": _form(intake.check_status, forms.StatusForm),
    "intake.check_measures": _form(intake.check_measures, forms.MeasuresForm),
    "intake.hold_interview": _form(intake.hold_interview, forms.InterviewForm),
    "intake.take_in_charge": _form(intake.take_in_charge, forms.ChargeForm, MANAGERS),
    "intake.agree_plan": _form(intake.agree_plan, forms.PlanForm),
    "intake.close": _form(intake.close, forms.CloseForm),
    "intake.correct_fact": _form(intake.correct_fact, forms.CorrectForm),
    "matching.register_company": _form(matching.register_company, matching_forms.CompanyForm),
    "matching.open_vacancy": _form(matching.open_vacancy, matching_forms.VacancyForm),
    "matching.open_selection": _form(matching.open_selection, matching_forms.SelectionForm),
    "matching.close_vacancy": _form(matching.close_vacancy, matching_forms.CloseForm),
    "matching.shortlist": _form(matching.shortlist, matching_forms.ShortlistForm),
    "matching.present": _form(matching.present, matching_forms.PresentForm),
    "matching.answer_presentation": _form(matching.answer_presentation, matching_forms.AnswerForm),
    "matching.start_placement": _form(matching.start_placement, matching_forms.PlacementForm),
    "matching.extend_placement": _form(matching.extend_placement, matching_forms.ExtensionForm),
    "matching.end_placement": _form(matching.end_placement, matching_forms.EndForm),
    "matching.cancel_placement": _form(matching.cancel_placement, matching_forms.CancelForm),
    "matching.correct_person": _form(matching.correct_person, matching_forms.CorrectionForm),
    "training.propose_course": _form(training.propose_course, training_forms.ProposalForm),
    "training.link_vacancy": _form(training.link_vacancy, training_forms.LinkForm),
    "training.activate_course": _form(training.activate_course, training_forms.DayForm),
    "training.enrol": _form(training.enrol, training_forms.EnrolForm),
    "training.leave": _form(training.leave, training_forms.LeaveForm),
    "training.complete": _form(training.complete, training_forms.CompletionForm),
    "enterprise.set_budget": _form(enterprise.set_budget, enterprise.BudgetForm),
    "enterprise.submit_project": _form(enterprise.submit_project, enterprise.ProjectForm),
    "enterprise.judge_project": _form(enterprise.judge_project, enterprise.JudgementForm, role=JUDGES),
    "enterprise.approve_funding": _form(enterprise.approve_funding, enterprise.ApprovalForm, role=BOARD),
    "enterprise.refuse_funding": _form(enterprise.refuse_funding, enterprise.RefusalForm, role=BOARD),
    "enterprise.make_payment": _form(enterprise.make_payment, enterprise.PaymentForm),
}
