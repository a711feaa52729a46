"""The pathway by its rules: interview, charge, closure, plan."""

from __future__ import annotations

from itertools import permutations

from services.intake import domain
from services.intake.domain import Fulfilment, Person
from services.intake.domain.plans import Step
from shared.decisions import Decision
from shared.events import intake as facts
from shared.events.base import Event
from tests.fixtures.gwt import given
from tests.fixtures.intake_facts import (
    AMINA,
    FOLLOWED,
    READY,
    STREAM,
    TODAY,
    action,
    charge,
    checked,
    close,
    closed,
    day,
    done,
    in_charge,
    interview,
    interviewed,
    plan,
    registered,
    uid,
)


def test_the_interview_waits_for_no_check_but_for_a_failed_one() -> None:
    given(STREAM, registered()).when(interview).then(interviewed())
    refused = given(STREAM, registered(), checked("status", "failed")).when(interview).refused("check_failed")
    assert "stato" in refused.sentence
    given(STREAM, registered(), checked("status", "failed"), checked("status")).when(interview).then(interviewed())


def test_she_is_taken_in_charge_after_everything_else() -> None:
    given(STREAM, *READY).when(charge).then(in_charge())


def test_no_charge_without_interview_or_checks() -> None:
    given(STREAM, *READY[:-1]).when(charge).refused("no_interview")
    refused = given(STREAM, registered(), checked("domicile"), interviewed()).when(charge).refused("checks_lacking")
    assert "stato" in refused.sentence
    assert "altre misure" in refused.sentence
    given(STREAM, *READY, checked("measures", "failed")).when(charge).refused("checks_lacking")
    given(STREAM, *READY, checked("measures", "passed_with_motive")).when(charge).then(in_charge())


def test_charge_follows_interview_and_checks_in_time() -> None:
    given(STREAM, *READY).when(lambda p: charge(p, on="2024-01-19")).refused("before_interview")
    late = (*READY, checked("status", on="2024-01-23"))
    given(STREAM, *late).when(charge).refused("before_checks")
    given(STREAM, *FOLLOWED).when(charge).refused("already_in_charge")


def test_closure_at_any_time_while_open() -> None:
    given(STREAM).when(close).refused("not_registered")
    for history in ((registered(),), READY, FOLLOWED):
        given(STREAM, *history).when(close).then(closed())


def test_some_outcomes_rest_on_something() -> None:
    given(STREAM, registered()).when(lambda p: close(p, "strong_profile")).refused("no_interview")
    given(STREAM, registered()).when(lambda p: close(p, "not_eligible")).refused("no_failed_check")
    given(STREAM, registered(), checked("domicile", "failed")).when(lambda p: close(p, "not_eligible")).then(
        closed(outcome="not_eligible").model_copy(update={"grounds": ("domicile.x",)})
    )


def test_the_stage_says_what_is_next() -> None:
    def at(*history: Event) -> str:
        person = Person()
        for fact in history:
            person = domain.evolve(person, fact)
        return domain.stage(person)

    assert at() == "unknown"
    assert at(registered()) == at(registered(), checked("domicile")) == "to_contact"
    assert at(*READY[:-1]) == "to_interview"
    assert at(*READY) == at(registered(), checked("status", "failed")) == "to_decide"
    assert at(*FOLLOWED) == "in_charge"
    assert at(*FOLLOWED, closed()) == "closed"
    assert at(*FOLLOWED, closed(), registered(episode=2)) == "to_contact"


# Plan


def agree(person: Person, *actions: facts.PlanAction) -> Decision:
    return domain.agree_plan(
        person, person_id=AMINA, plan_id=uid(9), objectives=None, on=day("2024-02-01"), today=TODAY,
        steps=[Step(a.action_id, a.direction, a.due_on) for a in actions],
    )  # fmt: skip


def test_a_plan_names_its_directions() -> None:
    actions = (action(1, "training"), action(2, "matching"))
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, *actions)).then(plan(*actions))


def test_no_plan_before_the_charge_or_without_actions_or_due_in_the_past() -> None:
    given(STREAM, *READY).when(lambda p: agree(p, action(1, "training"))).refused("not_in_charge")
    given(STREAM, *FOLLOWED).when(agree).refused("no_action")
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, action(1, "training", "2024-01-31"))).refused("due_date")
    many = tuple(action(n, "training") for n in range(21))
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, *many)).refused("too_many_actions")


TRAINED = Fulfilment(uid(101), "training", day("2024-02-15"))


HIRED = Fulfilment(uid(102), "matching", day("2024-03-01"))


HIRED_AGAIN = Fulfilment(uid(103), "matching", day("2024-03-10"))


def test_a_fact_of_another_service_fulfils_the_action_that_falls_due_first() -> None:
    history = (
        *FOLLOWED,
        plan(action(1, "matching", "2024-09-30"), action(2, "matching"), action(3, "training")),
    )
    given(STREAM, *history).when(lambda p: domain.fulfil(p, AMINA, [HIRED])).then(done(2, 102, "2024-03-01"))
    for order in permutations([HIRED, TRAINED, HIRED_AGAIN]):
        decided = given(STREAM, *history).when(lambda p, order=order: domain.fulfil(p, AMINA, order))
        decided.then(done(2, 102, "2024-03-01"), done(3, 101, "2024-02-15"), done(1, 103, "2024-03-10"))


def test_one_fact_fulfils_one_action_once_and_none_of_a_later_plan() -> None:
    history = (*FOLLOWED, plan(action(1, "matching")), done(1, 102, "2024-03-01"))
    given(STREAM, *history).when(lambda p: domain.fulfil(p, AMINA, [HIRED])).then()
    later = (*history, plan(action(5, "matching")))
    given(STREAM, *later).when(lambda p: domain.fulfil(p, AMINA, [HIRED])).then()


def test_a_fact_older_than_the_plan_fulfils_nothing() -> None:
    old = Fulfilment(uid(104), "matching", day("2024-01-31"))
    given(STREAM, *FOLLOWED, plan(action(1, "matching"))).when(lambda p: domain.fulfil(p, AMINA, [old])).then()


def test_nothing_is_fulfilled_after_the_closure() -> None:
    history = (*FOLLOWED, plan(action(1, "matching")), closed())
    given(STREAM, *history).when(lambda p: domain.fulfil(p, AMINA, [HIRED])).then()


def test_when_the_cause_does_not_hold_the_action_is_open_again_and_another_fact_takes_it() -> None:
    person = Person()
    for fact in (*FOLLOWED, plan(action(1, "matching")), done(1, 102, "2024-03-01")):
        person = domain.evolve(person, fact)
    assert domain.undone(person, [HIRED, HIRED_AGAIN]) == ()
    assert domain.undone(person, [HIRED_AGAIN]) == (uid(1),)
    reopened = domain.without(person, domain.undone(person, [HIRED_AGAIN]))
    assert domain.fulfil(reopened, AMINA, [HIRED_AGAIN]) == [done(1, 103, "2024-03-10")]


def test_evolve_tolerates_what_corrections_leave() -> None:
    """Any single fact, first of all, and every fact alone left out: evolve never fails."""
    history = (*FOLLOWED, plan(action(1, "matching")), done(1, 102, "2024-03-01"), closed())
    for left_out in range(len(history)):
        person = Person()
        for fact in history[:left_out] + history[left_out + 1 :]:
            person = domain.evolve(person, fact)
        domain.stage(person)
    for fact in history:
        domain.stage(domain.evolve(Person(), fact))
