"""Fragility, the guided assessment, the level of a language, ready or to be trained."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from services.intake import domain
from services.intake.domain import Person, conclusions
from services.intake.domain.assessment import DIMENSIONS, fragile, overall
from services.intake.forms import AssessmentForm
from shared.decisions import Refused
from shared.events import intake as facts
from shared.events import training
from shared.events.base import Event
from tests.fixtures.gwt import given
from tests.unit.test_intake_eligibility import AMINA, FACT, PASSED, REF, STREAM, day, interviewed, registered

TODAY = date(2024, 6, 20)
MET = (*PASSED, interviewed())
CHARGED = (
    *MET,
    facts.TakenInCharge(on=day("2024-01-22"), person_id=AMINA, case_manager="u-g", readiness="to_train", reasons=REF),
)


def find(state: Person, dimensions: Any = ("work", "social"), **changes: Any) -> Any:
    values: dict[str, Any] = {
        "strong_profile": False, "lr14_index": "absent", "lr14_index_on": None, "reasons": REF, "on": day("2024-01-21"),
    }  # fmt: skip
    return conclusions.find_fragility(state, person_id=AMINA, dimensions=dimensions, today=TODAY, **(values | changes))


def assess(state: Person, readiness: Any = "ready", on: str = "2024-02-01", levels: Any = None) -> Any:
    return conclusions.assess(
        state, person_id=AMINA, assessment_id=FACT, levels=levels or {"work": "some"}, readiness=readiness, sheet=REF,
        on=day(on), today=TODAY,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [
        (("work", "social"), True), (("work", "health"), True), (("work", "social", "health"), True),
        (("work",), False), (("social", "health"), False), ((), False),
    ],
)  # fmt: skip
def test_fragility_is_work_together_with_social_or_health(dimensions: Any, expected: bool) -> None:
    assert fragile(dimensions) is expected


def test_fragility_is_found_after_the_interview_and_says_no_dimension_in_the_log() -> None:
    given(STREAM, *PASSED).when(find).refused("no_interview")
    given(STREAM, *MET).when(lambda p: find(p, on=day("2024-01-19"))).refused("before_interview")
    given(STREAM, *MET).when(lambda p: find(p, ("work",))).refused("not_co_present")
    given(STREAM, *MET).when(lambda p: find(p, strong_profile=True)).refused("both")
    given(STREAM, *MET).when(lambda p: find(p, lr14_index="present")).refused("index_date")
    given(STREAM, *MET).when(
        lambda p: find(p, ("work", "health"), lr14_index="present", lr14_index_on=day("2024-01-15"))
    ).then(
        facts.FragilityFound(
            on=day("2024-01-21"), person_id=AMINA, outcome="fragile", lr14_index="present",
            lr14_index_on=day("2024-01-15"), reasons=REF,
        )
    )  # fmt: skip
    codes = {word for field in facts.FragilityFound.model_fields.values() for word in get_args(field.annotation)}
    assert not codes & {"health", "social"}


def test_a_strong_profile_is_out_of_target_only_there() -> None:
    (strong,) = find(given(STREAM, *MET).states[0], (), strong_profile=True)
    (weak,) = find(given(STREAM, *MET).states[0])

    def close(state: Person, on: str = "2024-02-01", agreed: bool = True) -> Any:
        return domain.close(
            state, person_id=AMINA, outcome="strong_profile", on=day(on), today=date(2025, 3, 1), agreed=agreed
        )

    def charge(state: Person, on: str = "2024-02-01") -> Any:
        return domain.take_in_charge(
            state, person_id=AMINA, case_manager="u-g", readiness="ready", reasons=REF, on=day(on),
            today=date(2025, 3, 1),
        )  # fmt: skip

    given(STREAM, *PASSED).when(close).refused("no_interview")
    given(STREAM, *MET, weak).when(close).refused("fragile")
    given(STREAM, *MET, strong).when(charge).refused("strong_profile")
    assert close(given(STREAM, *MET, strong).states[0])[0].referral_agreed is True
    assert close(given(STREAM, *MET, strong).states[0], agreed=False)[0].referral_agreed is False
    # Since 2025 the finding is an act of its own.
    given(STREAM, *MET).when(lambda p: charge(p, "2025-02-01")).refused("no_finding")
    given(STREAM, *MET).when(lambda p: close(p, "2025-02-01")).refused("no_finding")
    assert not isinstance(charge(given(STREAM, *MET).states[0], "2024-12-31"), Refused)
    assert not isinstance(charge(given(STREAM, *MET, weak).states[0], "2025-02-01"), Refused)


def test_an_assessment_before_the_charge_concludes_and_after_it_changes() -> None:
    given(STREAM, *PASSED).when(assess).refused("no_interview")
    state = given(STREAM, *MET).states[0]
    nothing = conclusions.assess(
        state, person_id=AMINA, assessment_id=FACT, levels={}, readiness="ready", sheet=REF, on=TODAY, today=TODAY
    )
    assert isinstance(nothing, Refused)
    assert nothing.code == "no_dimension"
    concluded = facts.AssessmentConcluded(
        on=day("2024-02-01"), person_id=AMINA, assessment_id=FACT, readiness="ready", sheet=REF
    )
    given(STREAM, *MET).when(assess).then(concluded)
    changed = facts.ReadinessChanged(on=day("2024-02-01"), person_id=AMINA, readiness="ready", reasons=REF)
    given(STREAM, *CHARGED).when(assess).then(concluded, changed)
    given(STREAM, *CHARGED, changed).when(assess).then(concluded)


def test_readiness_changes_while_in_charge_and_only_to_something_else() -> None:
    def change(state: Person, readiness: Any = "ready", on: str = "2024-03-01") -> Any:
        return conclusions.change_readiness(
            state, person_id=AMINA, readiness=readiness, reasons=REF, on=day(on), today=TODAY
        )

    given(STREAM, *MET).when(change).refused("not_in_charge")
    given(STREAM, *CHARGED).when(lambda p: change(p, "to_train")).refused("same_readiness")
    given(STREAM, *CHARGED).when(lambda p: change(p, on="2024-01-21")).refused("before_charge")
    (fact,) = change(given(STREAM, *CHARGED).states[0])
    given(STREAM, *CHARGED, fact).when(change).refused("same_readiness")
    assert not isinstance(change(given(STREAM, *CHARGED, fact).states[0], "to_train"), Refused)
    assert given(STREAM, *CHARGED, fact, registered("2024-05-01", 2)).states[0].assessment.readiness is None


def test_a_language_is_level_by_skill_with_its_evidence() -> None:
    def level(state: Person, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "language": "it", "levels": {"listening": "a2", "writing": "alpha"}, "evidence": "test",
            "evidence_on": day("2024-01-30"), "on": day("2024-02-01"),
        }  # fmt: skip
        return conclusions.assess_language(state, person_id=AMINA, today=TODAY, **(values | changes))

    given(STREAM, *PASSED).when(lambda p: level(p, levels={})).refused("no_skill")
    given(STREAM, *PASSED).when(lambda p: level(p, evidence_on=day("2024-02-02"))).refused("evidence_later")
    (fact,) = level(given(STREAM, *PASSED).states[0])
    assert (fact.listening, fact.writing, fact.reading) == ("a2", "alpha", None)
    assert overall({"listening": "a2", "writing": "alpha"}) == "alpha"
    assert overall({"listening": "pre-a1", "writing": "a1"}) == "pre-a1"
    assert overall({}) is None


def test_health_and_social_details_have_no_place_in_any_contract_of_the_assessment() -> None:
    levels = {"no_obstacle", "some", "serious"}
    for contract in (facts.AssessmentConcluded, facts.FragilityFound, facts.ReadinessChanged):
        text = str(contract.model_json_schema())
        assert not [word for word in (*levels, *DIMENSIONS) if f"'{word}'" in text], contract
    sheet = AssessmentForm.model_validate(
        {"work": "some", "health": "serious", "health_note": "Asma.", "readiness": "ready", "reasons": "x", "on": TODAY}
    ).sheet()
    assert sheet["levels"] == {"work": "some", "health": "serious"}
    assert sheet["notes"] == {"health": "Asma."}


def test_a_completed_course_says_what_it_taught_and_an_old_one_says_nothing() -> None:
    values: dict[str, Any] = {
        "on": "2024-03-01", "person_id": AMINA, "course_id": FACT, "line": "2a", "hours": 20,
        "certificate": "attendance",
    }  # fmt: skip
    assert training.CourseCompleted.model_validate(values).topic is None
    event: Event = training.CourseCompleted.model_validate(values | {"topic": "skills_balance"})
    assert event.model_dump()["topic"] == "skills_balance"
