"""The rules of intake, told as given(facts).when(decision).then(facts | refusal)."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from services.intake import domain
from services.intake.domain import Fulfilment, Person, Registration, WorkSituation, person_stream
from services.intake.domain.plans import Step
from shared.decisions import Decision, Refused
from shared.events import intake as facts
from shared.events.base import Event
from tests.fixtures.gwt import given

AMINA = "11111111-1111-4111-8111-111111111111"
REF = "22222222-2222-4222-8222-222222222222:1:" + "a" * 64
TODAY = date(2024, 3, 20)
STREAM = person_stream(AMINA)


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def day(text: str) -> date:
    return date.fromisoformat(text)


def values(**changes: Any) -> Registration:
    base: dict[str, Any] = {
        "channel": "parish", "entry": "assisted", "birth_date": day("1985-06-10"), "sex": "F",
        "citizenship_area": "africa", "education": "upper_secondary", "municipality": "037006",
        "quartiere": "navile",
    }  # fmt: skip
    return Registration(**(base | changes))


JANUARY = day("2024-01-08")


def register(person: Person, on: date = JANUARY, **changes: Any) -> Decision:
    return domain.register(person, person_id=AMINA, values=values(**changes), identity=REF, on=on, today=TODAY)


def registered(on: str = "2024-01-08", episode: int = 1, **changes: Any) -> facts.PersonRegistered:
    base: dict[str, Any] = {
        "on": day(on), "person_id": AMINA, "episode": episode, "channel": "parish", "entry": "assisted",
        "age_band": "30-39", "sex": "F", "citizenship_area": "africa", "education": "upper_secondary",
        "district": "citta-di-bologna", "union": None, "in_capital": True, "identity": REF,
    }  # fmt: skip
    return facts.PersonRegistered(**(base | changes))


def checked(check: str, outcome: str = "passed", on: str = "2024-01-10") -> facts.EligibilityChecked:
    return facts.EligibilityChecked.model_validate({
        "on": on, "person_id": AMINA, "check": check, "outcome": outcome, "evidence": "self_declaration",
        "evidence_on": on, "reason": f"{check}.x",
    })  # fmt: skip


def interviewed(on: str = "2024-01-20") -> facts.InterviewHeld:
    return facts.InterviewHeld(on=day(on), person_id=AMINA, interview_id=uid(1), mode="in_person")


def in_charge(on: str = "2024-01-22") -> facts.TakenInCharge:
    return facts.TakenInCharge(on=day(on), person_id=AMINA, case_manager="u-elena", readiness="ready", reasons=REF)


def action(number: int, direction: str, due: str = "2024-06-30") -> facts.PlanAction:
    return facts.PlanAction.model_validate({"action_id": uid(number), "direction": direction, "due_on": due})


def plan(*actions: facts.PlanAction, on: str = "2024-02-01") -> facts.PlanAgreed:
    return facts.PlanAgreed(on=day(on), person_id=AMINA, plan_id=uid(9), actions=actions)


def done(number: int, because: int, on: str) -> facts.PlanActionDone:
    return facts.PlanActionDone(on=day(on), person_id=AMINA, action_id=uid(number), because=uid(because))


def closed(on: str = "2024-02-20", outcome: str = "found_work") -> facts.PathwayClosed:
    return facts.PathwayClosed.model_validate({"on": on, "person_id": AMINA, "outcome": outcome})


READY: tuple[Event, ...] = (
    registered(), checked("domicile"), checked("status"), checked("measures"), interviewed(),
)  # fmt: skip
FOLLOWED: tuple[Event, ...] = (*READY, in_charge())


# Registration


def test_amina_registers_and_only_coarse_facts_leave_the_vault() -> None:
    given(STREAM).when(register).then(registered())


def test_the_union_is_the_one_in_force_on_the_day() -> None:
    def persiceto(on: str) -> Decision:
        return domain.register(
            Person(), person_id=AMINA, values=values(municipality="037053", quartiere=None), identity=REF,
            on=day(on), today=day("2026-02-01"),
        )  # fmt: skip

    expected: dict[str, Any] = {"district": "pianura-ovest", "in_capital": False, "age_band": "40-49"}
    given(STREAM).when(lambda _: persiceto("2025-12-31")).then(
        registered("2025-12-31", union="unione-terred-acqua", **expected)
    )
    given(STREAM).when(lambda _: persiceto("2026-01-01")).then(registered("2026-01-01", union=None, **expected))


def test_who_lives_outside_is_registered_and_the_check_of_the_domicile_says_so() -> None:
    decision = given(STREAM).when(lambda p: register(p, municipality="036023", quartiere=None)).decision
    assert not isinstance(decision, Refused)
    (fact,) = decision
    assert isinstance(fact, facts.PersonRegistered)
    assert (fact.district, fact.union, fact.in_capital) == ("outside", None, False)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quartiere": None}, "quartiere_missing", "quartiere"),
        ({"quartiere": "corticella"}, "quartiere_unknown", "quartiere"),
        ({"municipality": "037053"}, "quartiere_not_bologna", "quartiere"),
        ({"birth_date": day("2009-01-09")}, "too_young", "birth_date"),
        ({"birth_date": day("1890-01-09")}, "birth_date", "birth_date"),
        ({"on": day("2024-03-21")}, "future_date", "on"),
        ({"on": day("2017-05-21")}, "before_programme", "on"),
    ],
)
def test_a_registration_that_cannot_be_names_its_field(changes: dict[str, Any], code: str, field: str) -> None:
    assert given(STREAM).when(lambda p: register(p, **changes)).refused(code).field == field


def test_the_quartiere_may_be_unknown_and_fifteen_is_old_enough() -> None:
    given(STREAM).when(lambda p: register(p, quartiere="unknown", birth_date=day("2009-01-08"))).then(
        registered(age_band="15-19")
    )


def test_an_open_pathway_refuses_a_second_registration() -> None:
    given(STREAM, registered()).when(register).refused("already_open")


def test_after_closure_only_a_new_episode() -> None:
    history = (*READY, closed("2024-02-20"))
    given(STREAM, *history).when(lambda p: register(p, on=day("2024-02-19"))).refused("before_closure")
    given(STREAM, *history).when(lambda p: register(p, on=day("2024-03-01"))).then(registered("2024-03-01", episode=2))
    given(STREAM, *history).when(interview).refused("pathway_closed")
    given(STREAM, *history).when(charge).refused("pathway_closed")
    given(STREAM, *history).when(close).refused("pathway_closed")


def test_a_new_episode_starts_without_the_old_checks() -> None:
    given(STREAM, *FOLLOWED, closed(), registered("2024-03-01", episode=2)).when(
        lambda p: charge(p, on="2024-03-05")
    ).refused("checks_lacking")


@pytest.mark.parametrize(
    ("age", "band"), [(15, "15-19"), (19, "15-19"), (20, "20-29"), (59, "50-59"), (69, "60-69"), (70, "70+")]
)
def test_age_bands(age: int, band: str) -> None:
    assert domain.age_band(age) == band


def test_age_counts_completed_years() -> None:
    assert domain.age_on(day("2000-02-29"), day("2018-02-28")) == 17
    assert domain.age_on(day("2000-02-29"), day("2018-03-01")) == 18


# Checks


def status(situation: WorkSituation, on: str = "2024-01-10") -> Any:
    return lambda person: domain.assess_status(
        person, person_id=AMINA, situation=situation, evidence="self_declaration", evidence_on=day(on),
        on=day(on), today=TODAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "outcome", "reason"),
    [
        (WorkSituation("never_worked"), "passed", "status.never_worked"),
        (WorkSituation("unemployed"), "passed", "status.unemployed"),
        (WorkSituation("unemployed", immediately_available=False), "failed", "status.no_did"),
        (WorkSituation("employee", employee_pay=850_000), "passed", "status.low_income"),
        (WorkSituation("employee", employee_pay=850_001), "failed", "status.working"),
        (WorkSituation("employee", employee_pay=2_000_000, contract_days=180), "passed", "status.suspended"),
        (WorkSituation("employee", employee_pay=2_000_000, contract_days=181), "failed", "status.working"),
        (WorkSituation("own_account", own_account_pay=550_000), "passed", "status.low_income"),
        (WorkSituation("own_account", own_account_pay=550_001), "failed", "status.working"),
        (WorkSituation("both", employee_pay=1, own_account_pay=600_000), "failed", "status.working"),
    ],
)
def test_the_status_check(situation: WorkSituation, outcome: str, reason: str) -> None:
    (person,) = given(STREAM, registered()).states
    (fact,) = status(situation)(person)
    assert (fact.check, fact.outcome, fact.reason) == ("status", outcome, reason)


def test_the_income_threshold_is_the_one_of_the_day() -> None:
    assert domain.parameter("income_employee_cents", day("2021-12-31")) == 814_500
    assert domain.parameter("income_employee_cents", day("2022-01-01")) == 850_000
    with pytest.raises(KeyError):
        domain.parameter("no_such_thing", TODAY)


def test_a_negative_income_is_a_mistake() -> None:
    given(STREAM, registered()).when(status(WorkSituation("employee", employee_pay=-1))).refused("negative_pay")


def measures(measure: str, motive: Any = None, on: str = "2024-01-10") -> Any:
    return lambda person: domain.assess_measures(
        person, person_id=AMINA, measure=measure, motive=motive, evidence="self_declaration",
        evidence_on=day(on), on=day(on), today=TODAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "motive", "outcome", "reason"),
    [
        ("none", None, "passed", "measures.none"),
        ("income_support", None, "passed", "measures.income_support"),
        ("gol", None, "failed", "measures.gol"),
        ("gol", "complementary", "passed_with_motive", "measures.gol.complementary"),
        ("regional_traineeship", None, "failed", "measures.regional_traineeship"),
    ],
)
def test_the_measures_check(measure: str, motive: Any, outcome: str, reason: str) -> None:
    given(STREAM, registered()).when(measures(measure, motive)).then(
        checked("measures", outcome).model_copy(update={"reason": reason})
    )


def test_a_measure_that_did_not_exist_yet_is_refused() -> None:
    given(STREAM, registered("2021-01-08")).when(measures("gol", on="2021-02-01")).refused("unknown_measure")


def domicile(municipality: str | None, on: str = "2024-01-10", evidence_on: str | None = None) -> Any:
    return lambda person: domain.assess_domicile(
        person, person_id=AMINA, municipality=municipality, dwelling="dormitory", evidence="service_report",
        evidence_on=day(evidence_on or on), on=day(on), today=TODAY,
    )  # fmt: skip


def test_the_domicile_check_knows_the_fifty_five() -> None:
    expected = checked("domicile").model_copy(update={"evidence": "service_report"})
    given(STREAM, registered()).when(domicile("037062")).then(
        expected.model_copy(
            update={
                "reason": "domicile.dormitory",
                "district": "appennino-bolognese",
                "union": None,
            }
        )
    )
    given(STREAM, registered()).when(domicile(None)).then(
        expected.model_copy(update={"reason": "domicile.outside", "outcome": "failed"})
    )


def test_a_check_is_of_its_time() -> None:
    given(STREAM).when(domicile("037006")).refused("not_registered")
    given(STREAM, registered()).when(domicile("037006", on="2024-01-07")).refused("before_registration")
    given(STREAM, registered()).when(domicile("037006", evidence_on="2024-01-11")).refused("evidence_later")


# Interview, charge, closure


def interview(person: Person, on: str = "2024-01-20") -> Decision:
    return domain.hold_interview(
        person, person_id=AMINA, interview_id=uid(1), mode="in_person", notes=None, on=day(on), today=TODAY
    )


def charge(person: Person, on: str = "2024-01-22") -> Decision:
    return domain.take_in_charge(
        person,
        person_id=AMINA,
        case_manager="u-elena",
        readiness="ready",
        reasons=REF,
        on=day(on),
        today=TODAY,
    )


def close(person: Person, outcome: Any = "found_work", on: str = "2024-02-20") -> Decision:
    return domain.close(person, person_id=AMINA, outcome=outcome, on=day(on), today=TODAY)


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
