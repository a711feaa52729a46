"""Carries out the steps of a plan through the services' own commands. A refusal is a fault of the plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

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


PLAYS: dict[str, Play] = {
    "intake.register": _register,
    "intake.check_domicile": lambda s, c, t: intake.check_domicile(s, c, *t.target, forms.DomicileForm(**t.values)),
    "intake.check_status": lambda s, c, t: intake.check_status(s, c, *t.target, forms.StatusForm(**t.values)),
    "intake.check_measures": lambda s, c, t: intake.check_measures(s, c, *t.target, forms.MeasuresForm(**t.values)),
    "intake.hold_interview": lambda s, c, t: intake.hold_interview(s, c, *t.target, forms.InterviewForm(**t.values)),
    "intake.take_in_charge": lambda s, c, t: intake.take_in_charge(
        s, c, *t.target, forms.ChargeForm(**t.values), MANAGERS
    ),
    "intake.agree_plan": lambda s, c, t: intake.agree_plan(s, c, *t.target, forms.PlanForm(**t.values)),
    "intake.close": lambda s, c, t: intake.close(s, c, *t.target, forms.CloseForm(**t.values)),
    "intake.correct_fact": lambda s, c, t: intake.correct_fact(s, c, *t.target, forms.CorrectForm(**t.values)),
    "matching.register_company": lambda s, c, t: matching.register_company(
        s, c, matching_forms.CompanyForm(**t.values)
    ),
    "matching.open_vacancy": lambda s, c, t: matching.open_vacancy(s, c, matching_forms.VacancyForm(**t.values)),
    "matching.open_selection": lambda s, c, t: matching.open_selection(
        s, c, *t.target, matching_forms.SelectionForm(**t.values)
    ),
    "matching.close_vacancy": lambda s, c, t: matching.close_vacancy(
        s, c, *t.target, matching_forms.CloseForm(**t.values)
    ),
    "matching.shortlist": lambda s, c, t: matching.shortlist(s, c, *t.target, matching_forms.ShortlistForm(**t.values)),
    "matching.present": lambda s, c, t: matching.present(s, c, *t.target, matching_forms.PresentForm(**t.values)),
    "matching.answer_presentation": lambda s, c, t: matching.answer_presentation(
        s, c, *t.target, matching_forms.AnswerForm(**t.values)
    ),
    "matching.start_placement": lambda s, c, t: matching.start_placement(
        s, c, *t.target, matching_forms.PlacementForm(**t.values)
    ),
    "matching.extend_placement": lambda s, c, t: matching.extend_placement(
        s, c, *t.target, matching_forms.ExtensionForm(**t.values)
    ),
    "matching.end_placement": lambda s, c, t: matching.end_placement(
        s, c, *t.target, matching_forms.EndForm(**t.values)
    ),
    "matching.cancel_placement": lambda s, c, t: matching.cancel_placement(
        s, c, *t.target, matching_forms.CancelForm(**t.values)
    ),
    "matching.correct_person": lambda s, c, t: matching.correct_person(
        s, c, *t.target, matching_forms.CorrectionForm(**t.values)
    ),
    "training.propose_course": lambda s, c, t: training.propose_course(s, c, training_forms.ProposalForm(**t.values)),
    "training.link_vacancy": lambda s, c, t: training.link_vacancy(
        s, c, *t.target, training_forms.LinkForm(**t.values)
    ),
    "training.activate_course": lambda s, c, t: training.activate_course(
        s, c, *t.target, training_forms.DayForm(**t.values)
    ),
    "training.enrol": lambda s, c, t: training.enrol(s, c, *t.target, training_forms.EnrolForm(**t.values)),
    "training.leave": lambda s, c, t: training.leave(s, c, *t.target, training_forms.LeaveForm(**t.values)),
    "training.complete": lambda s, c, t: training.complete(s, c, *t.target, training_forms.CompletionForm(**t.values)),
    "enterprise.set_budget": lambda s, c, t: enterprise.set_budget(s, c, enterprise.BudgetForm(**t.values)),
    "enterprise.submit_project": lambda s, c, t: enterprise.submit_project(s, c, enterprise.ProjectForm(**t.values)),
    "enterprise.judge_project": lambda s, c, t: enterprise.judge_project(
        s, c, *t.target, enterprise.JudgementForm(**t.values), role=JUDGES
    ),
    "enterprise.approve_funding": lambda s, c, t: enterprise.approve_funding(
        s, c, *t.target, enterprise.ApprovalForm(**t.values), role=BOARD
    ),
    "enterprise.refuse_funding": lambda s, c, t: enterprise.refuse_funding(
        s, c, *t.target, enterprise.RefusalForm(**t.values), role=BOARD
    ),
    "enterprise.make_payment": lambda s, c, t: enterprise.make_payment(
        s, c, *t.target, enterprise.PaymentForm(**t.values)
    ),
}
