"""The rules of the plan and of casework, told as given(facts).when(decision).then(facts | refusal)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.intake import domain, views
from services.intake.domain import Fulfilment, Person, casework_log, plans, suspension, transfer
from services.intake.domain.duplication import Provided, provided_by_facts
from services.intake.domain.plans import Step
from services.intake.views import days_left
from services.intake.views.first_contact import period_of, state_of
from shared.decisions import Decision, Refused
from shared.events import intake as facts
from shared.events.base import Event, load
from tests.fixtures.gwt import given
from tests.fixtures.intake_facts import (
    AMINA,
    FOLLOWED,
    REF,
    STREAM,
    TODAY,
    action,
    closed,
    day,
    plan,
    registered,
    uid,
)
from tests.unit.test_intake_views import folded, meta

GIULIA, DAVIDE = "u-giulia.rossi", "u-davide.neri"
ON = day("2024-02-01")
COURSE = Step(uid(1), "training", day("2024-06-30"), "training.course", "service")
NURSERY = Step(uid(2), "support", day("2024-05-31"), "support.childcare", "partner", "caritas")
LICENCE = Step(uid(3), "training", day("2024-07-31"), "training.licence", "person")


def agree(person: Person, *steps: Step, **more: Any) -> Decision:
    values: dict[str, Any] = {"objectives": None, "on": ON, "today": TODAY} | more
    return domain.agree_plan(person, person_id=AMINA, plan_id=uid(9), steps=steps, **values)


def agreed(*steps: Step, **more: Any) -> facts.PlanAgreed:
    decision = agree(state(*FOLLOWED), *steps, **more)
    assert not isinstance(decision, Refused), decision
    event = decision[0]
    assert isinstance(event, facts.PlanAgreed)
    return event


def state(*events: Event) -> Person:
    person = Person()
    for event in events:
        person = domain.evolve(person, event)
    return person


def contact(outcome: str, on: str, channel: str = "call", recall: str | None = None) -> facts.ContactLogged:
    return facts.ContactLogged.model_validate(
        {"on": on, "person_id": AMINA, "contact_id": uid(70), "channel": channel, "outcome": outcome,
         "recall_on": recall}
    )  # fmt: skip


# The plan


def test_a_plan_says_what_who_and_by_when_with_family_support_beside_the_directions() -> None:
    event = agreed(COURSE, NURSERY)
    assert [(a.direction, a.kind, a.by) for a in event.actions] == [("training", "training.course", "service")]
    assert [(a.kind, a.partner) for a in event.support] == [("support.childcare", "caritas")]


def test_an_older_reader_still_reads_a_plan_with_support() -> None:
    """Its actions all have a direction of the three: support stands in a list that it does not know."""
    values = agreed(COURSE, NURSERY).model_dump(mode="json")
    assert {a["direction"] for a in values["actions"]} <= {"matching", "training", "enterprise"}


def test_a_plan_of_the_first_day_loads_for_ever() -> None:
    old = (
        f'{{"on":"2019-03-01","person_id":"{AMINA}","plan_id":"{uid(9)}","objectives":null,'
        f'"actions":[{{"action_id":"{uid(1)}","direction":"matching","due_on":"2019-06-01"}}]}}'
    )
    event = load("intake.plan-agreed", 1, old)
    row = folded(registered("2019-01-08"), event)
    assert row["review_on"] == date(2019, 3, 1) + timedelta(days=domain.parameter("plan_review_days", date(2019, 3, 1)))
    hired = Fulfilment(uid(102), "matching", day("2019-04-01"))
    person = replace(state(registered("2019-01-08"), event), in_charge_on=day("2019-02-01"))
    assert [done.action_id for done in domain.fulfil(person, AMINA, [hired])] == [uid(1)]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (Step(uid(1), "training", day("2024-06-30"), "matching.cv", "person"), "action_kind"),
        (Step(uid(1), "training", day("2024-06-30"), "training.course", "partner"), "partner"),
        (Step(uid(1), "training", day("2024-06-30"), "training.course", "person", "caritas"), "partner"),
        (Step(uid(1), "support", day("2024-06-30"), None, "person"), "support_kind"),
        (Step(uid(1), "support", day("2024-06-30"), "support.childcare", "person"), "no_action"),
        (Step(uid(1), "training", day("2024-01-31"), "training.course", "person"), "due_date"),
    ],
)
def test_an_action_that_cannot_be_is_refused(step: Step, code: str) -> None:
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, step)).refused(code)


def test_what_others_provide_for_the_same_need_in_the_period_wants_a_motive_and_is_recorded_with_its_source() -> None:
    running = Provided("training", "course.2a", "training", day("2024-01-15"), fact=uid(50))
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, COURSE, known=[running])).refused("already_provided")
    event = agreed(replace(COURSE, motive="complementary"), known=[running])
    assert event.actions[0].motive == "complementary"
    assert [(a.measure, a.source, a.fact) for a in event.actions[0].already] == [("course.2a", "training", uid(50))]
    elsewhere = replace(running, need="matching")
    before = replace(running, until=day("2024-01-31"))
    after = replace(running, since=day("2024-07-01"))
    for harmless in (elsewhere, before, after):
        assert agreed(COURSE, known=[harmless]).actions[0].already == ()
    assert agreed(replace(COURSE, motive="complementary")).actions[0].motive is None, "a motive for nothing"


def test_the_same_partner_going_on_with_the_same_is_no_duplicate_and_another_one_is() -> None:
    known = provided_by_facts([registered(), agreed(COURSE, NURSERY)])
    assert agreed(COURSE, NURSERY, known=known).support[0].already == ()
    other = replace(NURSERY, partner="quartiere")
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, COURSE, other, known=known)).refused("already_provided")


def test_a_motive_given_at_the_check_holds_for_the_plan_and_a_later_report_wants_its_own() -> None:
    check = facts.EligibilityChecked.model_validate({
        "on": "2024-01-10", "person_id": AMINA, "check": "measures", "outcome": "passed_with_motive",
        "evidence": "register_read", "evidence_on": "2024-01-10", "reason": "measures.gol.complementary",
    })  # fmt: skip
    known = provided_by_facts([registered(), check])
    assert agreed(COURSE, known=known).actions[0].motive == "complementary"
    report = facts.ConcurrentMeasureReported(
        on=ON, person_id=AMINA, measure="lr14", since=day("2024-01-20"), said_on=day("2024-01-25")
    )
    more = provided_by_facts([registered(), check, report])
    given(STREAM, *FOLLOWED).when(lambda p: agree(p, COURSE, known=more)).refused("already_provided")
    withdrawn = report.model_copy(update={"withdrawn": True})
    assert provided_by_facts([registered(), report, withdrawn]) == []
    assert provided_by_facts([registered(), report, registered("2024-03-01", episode=2)]) == []


def test_both_sign_at_once_or_one_after_the_other_and_nobody_twice() -> None:
    decision = agree(state(*FOLLOWED), COURSE, signed="paper", operator=GIULIA)
    assert not isinstance(decision, Refused)
    assert [type(e) for e in decision] == [facts.PlanAgreed, facts.PlanSigned, facts.PlanSigned]
    history = (*FOLLOWED, agreed(COURSE))
    values: dict[str, Any] = {"person_id": AMINA, "way": "on_screen", "operator": GIULIA, "on": ON, "today": TODAY}
    signed = facts.PlanSigned(on=ON, person_id=AMINA, plan_id=uid(9), by="person", way="on_screen")
    given(STREAM, *history).when(lambda p: plans.sign_plan(p, by="person", **values)).then(signed)
    own = facts.PlanSigned(on=ON, person_id=AMINA, plan_id=uid(9), by="operator", operator=GIULIA, way="on_screen")
    given(STREAM, *history, signed).when(lambda p: plans.sign_plan(p, by="both", **values)).then(own)
    given(STREAM, *history, signed).when(lambda p: plans.sign_plan(p, by="person", **values)).refused("already_signed")
    given(STREAM, *FOLLOWED).when(lambda p: plans.sign_plan(p, by="person", **values)).refused("no_plan")


def test_a_review_has_a_next_one_unless_the_plan_has_come_to_its_end() -> None:
    history = (*FOLLOWED, agreed(COURSE))
    values: dict[str, Any] = {"person_id": AMINA, "review_id": uid(8), "notes": None, "on": TODAY, "today": TODAY}

    def review(person: Person, outcome: Any, next_on: date | None) -> Decision:
        return plans.review_plan(person, outcome=outcome, next_on=next_on, **values)

    given(STREAM, *history).when(lambda p: review(p, "on_track", None)).refused("review_date")
    given(STREAM, *history).when(lambda p: review(p, "on_track", TODAY)).refused("review_date")
    again = TODAY + timedelta(days=90)
    held = facts.PlanReviewed(
        on=TODAY, person_id=AMINA, plan_id=uid(9), review_id=uid(8), outcome="on_track", next_on=again
    )
    given(STREAM, *history).when(lambda p: review(p, "on_track", again)).then(held)
    assert state(*history, held).plan.review_on == again
    ended = held.model_copy(update={"outcome": "reached", "next_on": None})
    given(STREAM, *history).when(lambda p: review(p, "reached", again)).then(ended)
    assert folded(*history, ended)["review_on"] is None


def test_by_hand_only_what_no_service_tells_and_a_service_never_closes_what_was_dropped() -> None:
    history = (*FOLLOWED, agreed(COURSE, LICENCE, NURSERY))
    values: dict[str, Any] = {"person_id": AMINA, "evidence": "document_seen", "note": None, "on": ON, "today": TODAY}

    def confirm(person: Person, action_id: str, outcome: Any) -> Decision:
        return plans.confirm_action(person, action_id=action_id, outcome=outcome, **values)

    given(STREAM, *history).when(lambda p: confirm(p, uid(1), "done")).refused("told_by_service")
    given(STREAM, *history).when(lambda p: confirm(p, uid(99), "done")).refused("no_action")
    for number, outcome in ((1, "dropped"), (2, "done"), (3, "done")):
        fact = facts.PlanActionConfirmed.model_validate({
            "on": ON, "person_id": AMINA, "action_id": uid(number), "outcome": outcome, "evidence": "document_seen",
        })  # fmt: skip
        given(STREAM, *history).when(lambda p, n=number, o=outcome: confirm(p, uid(n), o)).then(fact)
        history = (*history, fact)
    given(STREAM, *history).when(lambda p: confirm(p, uid(2), "dropped")).refused("action_closed")
    trained = Fulfilment(uid(101), "training", day("2024-02-15"))
    given(STREAM, *history).when(lambda p: domain.fulfil(p, AMINA, [trained])).then()
    assert folded(*history)["next_due_on"] is None, "nothing is left to do"


def test_a_licence_is_not_done_because_a_course_was_completed() -> None:
    trained = Fulfilment(uid(101), "training", day("2024-02-15"))
    person = state(*FOLLOWED, agreed(LICENCE, COURSE))
    assert [done.action_id for done in domain.fulfil(person, AMINA, [trained])] == [uid(1)]


# Contacts


def test_three_tries_in_vain_within_thirty_days_make_a_person_unreachable_until_the_next_success() -> None:
    tries = [
        contact("no_answer", "2024-02-01"),
        contact("message_left", "2024-02-10"),
        contact("no_answer", "2024-03-01"),
    ]
    row, person = folded(*FOLLOWED, *tries), state(*FOLLOWED, *tries)
    assert row["unreachable_on"] == person.contacts.unreachable_on == day("2024-03-01")
    slow = [contact("no_answer", on) for on in ("2024-02-01", "2024-02-20", "2024-03-03")]
    assert folded(*FOLLOWED, *slow)["unreachable_on"] is None, "31 days"
    found = folded(*FOLLOWED, *tries, contact("answered", "2024-03-05"))
    assert (found["unreachable_on"], found["tries"], found["last_contact_on"]) == (None, [], day("2024-03-05"))
    met = facts.InterviewHeld(on=day("2024-03-05"), person_id=AMINA, interview_id=uid(2), mode="phone")
    assert folded(*FOLLOWED, *tries, met)["unreachable_on"] is None
    assert state(*FOLLOWED, *tries, met).contacts.unreachable_on is None


def test_a_success_recorded_late_does_not_undo_the_tries_that_came_after_it() -> None:
    tries = [contact("no_answer", on) for on in ("2024-02-10", "2024-02-15", "2024-02-20")]
    late = (*FOLLOWED, *tries, contact("answered", "2024-02-01"))
    assert folded(*late)["unreachable_on"] == state(*late).contacts.unreachable_on == day("2024-02-20")


def test_the_recall_is_of_the_last_contact_and_of_who_logged_it() -> None:
    row = folded(*FOLLOWED, contact("no_answer", "2024-02-10", recall="2024-02-12"))
    assert (row["recall_on"], row["recall_by"]) == (day("2024-02-12"), meta(0).actor)
    assert folded(*FOLLOWED, contact("no_answer", "2024-02-10", recall="2024-02-12"),
                  contact("answered", "2024-02-12"))["recall_on"] is None  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"recall_on": day("2024-03-19")}, "recall_date"), ({"recall_on": day("2025-04-01")}, "recall_date"),
        ({"channel": "visit", "outcome": "wrong_number"}, "visit_number"),
        ({"on": day("2024-03-21")}, "future_date"), ({"on": day("2024-01-01")}, "before_registration"),
    ],
)  # fmt: skip
def test_a_contact_that_cannot_be_is_refused(change: dict[str, Any], code: str) -> None:
    values: dict[str, Any] = {
        "person_id": AMINA, "contact_id": uid(70), "channel": "call", "outcome": "answered", "recall_on": None,
        "note": None, "on": TODAY, "today": TODAY,
    }  # fmt: skip
    given(STREAM, *FOLLOWED).when(lambda p: casework_log.log_contact(p, **(values | change))).refused(code)
    given(STREAM, *FOLLOWED).when(lambda p: casework_log.log_contact(p, **values)).then(
        contact("answered", TODAY.isoformat())
    )


# Whose case, and when it rests


def test_a_case_passes_to_somebody_else_who_may_follow_people() -> None:
    values: dict[str, Any] = {
        "person_id": AMINA, "motive": "leaver", "managers": (GIULIA, DAVIDE, "u-elena"), "today": TODAY,
    }  # fmt: skip
    moved = facts.CaseTransferred(on=TODAY, person_id=AMINA, from_manager="u-elena", to_manager=GIULIA, motive="leaver")
    given(STREAM, *FOLLOWED).when(lambda p: transfer.transfer(p, to_manager=GIULIA, **values)).then(moved)
    assert state(*FOLLOWED, moved).case_manager == folded(*FOLLOWED, moved)["case_manager"] == GIULIA
    given(STREAM, *FOLLOWED).when(lambda p: transfer.transfer(p, to_manager="u-elena", **values)).refused(
        "same_manager"
    )
    given(STREAM, *FOLLOWED).when(lambda p: transfer.transfer(p, to_manager="u-x", **values)).refused("case_manager")
    given(STREAM, registered()).when(lambda p: transfer.transfer(p, to_manager=GIULIA, **values)).refused("no_manager")

    def hand(person: Person) -> Decision:
        return transfer.hand_over(person, from_manager="u-elena", to_manager=GIULIA, **values)

    given(STREAM, *FOLLOWED).when(hand).then(moved)
    given(STREAM, *FOLLOWED, moved).when(hand).then()
    given(STREAM, *FOLLOWED, closed()).when(hand).then()


def test_a_pathway_rests_and_goes_on() -> None:
    values: dict[str, Any] = {"person_id": AMINA, "reason": "personal", "note": None, "on": ON, "today": TODAY}
    until = day("2024-03-31")
    rest = facts.PathwaySuspended(on=ON, person_id=AMINA, reason="personal", expected_until=until)
    given(STREAM, *FOLLOWED).when(lambda p: suspension.suspend(p, expected_until=until, **values)).then(rest)
    given(STREAM, *FOLLOWED).when(lambda p: suspension.suspend(p, expected_until=day("2024-01-31"), **values)).refused(
        "suspension_end"
    )
    given(STREAM, *FOLLOWED, rest).when(lambda p: suspension.suspend(p, expected_until=None, **values)).refused(
        "already_suspended"
    )
    row = folded(*FOLLOWED, rest)
    assert (row["suspended_on"], row["suspended_until"], row["suspension"]) == (ON, until, "personal")
    again = facts.PathwayResumed(on=TODAY, person_id=AMINA)
    given(STREAM, *FOLLOWED, rest).when(lambda p: suspension.resume(p, person_id=AMINA, on=TODAY, today=TODAY)).then(
        again
    )
    given(STREAM, *FOLLOWED).when(lambda p: suspension.resume(p, person_id=AMINA, on=TODAY, today=TODAY)).refused(
        "not_suspended"
    )
    assert folded(*FOLLOWED, rest, again)["suspended_on"] is None


# The first contact


def test_the_first_contact_is_whichever_comes_first_of_answer_appointment_and_interview() -> None:
    kept = facts.AppointmentKept(on=day("2024-01-15"), person_id=AMINA, appointment_id=uid(30))
    assert folded(registered(), contact("no_answer", "2024-01-10"))["first_contact_on"] is None
    assert folded(registered(), contact("answered", "2024-01-12"), kept)["first_contact_on"] == day("2024-01-12")
    assert folded(*FOLLOWED)["first_contact_on"] == day("2024-01-20")
    assert folded(*FOLLOWED, kept)["first_contact_on"] == day("2024-01-15")


def test_the_term_is_kept_to_the_day() -> None:
    start = day("2024-01-08")
    term = domain.parameter("first_contact_days", start)
    last = start + timedelta(days=term)
    assert (days_left(start, last), days_left(start, last + timedelta(days=1))) == (0, -1)
    assert state_of(start, last, None, TODAY) == "within"
    assert state_of(start, last + timedelta(days=1), None, TODAY) == "late"
    assert state_of(start, None, None, last) == "waiting"
    assert state_of(start, None, None, last + timedelta(days=1)) == "lapsed"
    assert state_of(start, None, last, last) == "lapsed", "closed without a contact"
    assert [period_of(day(d), "half") for d in ("2024-06-30", "2024-07-01")] == ["2024-1", "2024-2"]


def test_an_episode_that_is_over_is_kept_beside_the_new_one() -> None:
    row = folded(*FOLLOWED, closed(), registered("2024-05-01", episode=2))
    assert [(e["episode"], e["registered_on"], e["first_contact_on"]) for e in row["past"]] == [
        (1, "2024-01-08", "2024-01-20")
    ]
    assert (row["episode"], row["first_contact_on"], row["unreachable_on"]) == (2, None, None)


HISTORY = (
    *FOLLOWED,
    plan(action(1, "matching")),
    facts.PlanSigned(on=ON, person_id=AMINA, plan_id=uid(9), by="person", way="paper"),
    contact("no_answer", "2024-02-10", recall="2024-02-12"),
    facts.PathwaySuspended(on=ON, person_id=AMINA, reason="away", expected_until=None),
    facts.NoteAdded(on=ON, person_id=AMINA, note_id=uid(60), note=REF),
    facts.CaseTransferred(on=ON, person_id=AMINA, from_manager="u-elena", to_manager=GIULIA, motive="workload"),
    facts.PathwayResumed(on=ON, person_id=AMINA),
    closed(),
)


@pytest.mark.parametrize("left_out", range(len(HISTORY)))
def test_state_and_row_survive_any_correction_and_agree(left_out: int) -> None:
    facts_left = HISTORY[:left_out] + HISTORY[left_out + 1 :]
    person, row = state(*facts_left), folded(*facts_left)
    assert set(row) == set(views.PEOPLE.column_names)
    assert (row["case_manager"], row["unreachable_on"]) == (person.case_manager, person.contacts.unreachable_on)
    assert (row["suspended_on"], row["stage"]) == (person.rest.since, domain.stage(person))
