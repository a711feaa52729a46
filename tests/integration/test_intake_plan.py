"""The plan through the real store, log and pages: agreed, flagged, signed, reviewed, done by services and by hand."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.intake import commands, forms
from services.intake.domain import person_stream
from shared.decisions import Refused
from shared.events import intake, training
from shared.service import Service
from tests.fixtures.intake import GIULIA, browser, follow, register, said, send
from tests.fixtures.platform import Platform, Running, accepted


@pytest.fixture
async def two(platform: Platform) -> Running:
    """Beside intake, training, which only speaks."""
    return await platform("intake", "training", definitions={"training": Service("training", (), {})})


def enrolled(person: str, course: str, on: str = "2024-03-20") -> training.Enrolled:
    return training.Enrolled(on=date.fromisoformat(on), person_id=person, course_id=course, line="2a")


def completed(person: str, course: str, on: str = "2024-04-20") -> training.CourseCompleted:
    return training.CourseCompleted(
        on=date.fromisoformat(on), person_id=person, course_id=course, line="2a", hours=40, certificate="attendance"
    )


def plan(*steps: dict[str, Any], **more: Any) -> forms.PlanForm:
    return forms.PlanForm.model_validate({"steps": steps, "on": "2024-04-02"} | more)


COURSE: dict[str, Any] = {"kind": "training.course", "by": "service", "due_on": "2024-09-30"}
NURSERY: dict[str, Any] = {"kind": "support.childcare", "by": "partner", "partner": "caritas", "due_on": "2024-06-30"}


async def test_a_running_course_is_flagged_with_its_source_and_wants_a_motive(two: Running) -> None:
    store = two.store("intake")
    person = await register(two)
    await follow(two, person)
    course = str(uuid4())
    await said(two, "training", enrolled(person, course))
    refused = await commands.agree_plan(store, two.command(GIULIA), person, plan(COURSE))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.field) == ("already_provided", "actions")
    values = plan(COURSE | {"motive": "same"}, NURSERY, signed="paper", objectives="Lavorare in cucina.")
    facts = [r.event for r in accepted(await commands.agree_plan(store, two.command(GIULIA), person, values)).events]
    assert isinstance(facts[0], intake.PlanAgreed)
    assert [(a.source, a.fact) for a in facts[0].actions[0].already] == [("training", course)]
    assert [(s.kind, s.partner) for s in facts[0].support] == [("support.childcare", "caritas")]
    assert [f.by for f in facts[1:] if isinstance(f, intake.PlanSigned)] == ["person", "operator"]
    await said(two, "training", completed(person, course))
    state, _ = await store.state(person_stream(person))
    assert set(state.done) == {facts[0].actions[0].action_id}, "the service's fact closed the action"


async def test_the_plan_on_the_page_from_the_first_row_to_the_review(two: Running) -> None:
    person = await register(two)
    await follow(two, person)
    base = f"/intake/persone/{person}"
    async with browser(two, GIULIA) as giulia:
        rows = {
            "kind_1": "training.licence", "by_1": "person", "due_1": "2024-12-31", "kind_3": "support.transport",
            "by_3": "partner", "partner_3": "quartiere", "due_3": "2024-10-31", "on": "2024-04-02", "by_2": "operator",
        }  # fmt: skip
        lacking = await send(giulia, f"{base}/piano", **(rows | {"due_1": ""}))
        assert lacking.status_code == 422
        assert "Azione 1: indica che cosa si fa e la scadenza." in lacking.text
        assert '<option value="support.transport" selected>' in lacking.text, "what was typed is kept"
        assert (await send(giulia, f"{base}/piano", **rows)).status_code == 303
        page = (await giulia.get(base)).text
        for words in ("Patente o abilitazione — La persona, entro il 31/12/2024",
                      "Trasporti e accompagnamento — Quartiere",
                      "Persona: firma da registrare"):  # fmt: skip
            assert words in page
        signed = {"by": "both", "way": "on_screen", "on": "2024-04-03"}
        assert (await send(giulia, f"{base}/piano/firma", **signed)).status_code == 303
        assert (await send(giulia, f"{base}/piano/firma", **signed)).status_code == 409
        action = re.findall(r'name="action_id" value="([0-9a-f-]{36})"', page)[0]
        confirmed = {"action_id": action, "outcome": "done", "evidence": "document_seen", "on": "2024-04-20"}
        assert (await send(giulia, f"{base}/piano/azione", **confirmed)).status_code == 303
        assert (await send(giulia, f"{base}/piano/azione", **confirmed)).status_code == 409
        review = {"outcome": "on_track", "on": "2024-05-02", "notes": "Ha preso la patente B."}
        assert (await send(giulia, f"{base}/piano/revisione", **review)).status_code == 422
        assert (await send(giulia, f"{base}/piano/revisione", **review, next_on="2024-08-01")).status_code == 303
        page = (await giulia.get(base)).text
        for words in ("Persona: firma del 03/04/2024", "Compiuta", "Da rivedere entro il 01/08/2024",
                      "Ha preso la patente B."):  # fmt: skip
            assert words in page
        await two.quiet()
        listed = (await giulia.get("/intake/persone?flag=review")).text
        assert person in listed, "the review is due by now"
        assert person not in (await giulia.get("/intake/persone?flag=unsigned")).text


async def test_a_review_that_was_wrong_is_rectified_in_every_value(two: Running) -> None:
    store = two.store("intake")
    person = await register(two)
    await follow(two, person)
    accepted(await commands.agree_plan(store, two.command(GIULIA), person, plan(COURSE)))
    values = forms.ReviewForm.model_validate({"outcome": "on_track", "on": "2024-05-02", "next_on": "2024-08-01"})
    review = accepted(await commands.review_plan(store, two.command(GIULIA), person, values)).events[0].meta.id

    async def correct(**changes: Any) -> Any:
        form = forms.CorrectForm.model_validate({"motive": "wrong_value"} | changes)
        return await commands.correct_fact(store, two.command(GIULIA), person, review, form)

    for field, change in (("values", {"values": ["plan_id=x"]}), ("date_field", {"date_field": "on"})):
        refused = await correct(**change)
        assert (refused.code, refused.field) == ("field_fixed", field)
    assert (await correct(values=["outcome=nonsense"])).code == "invalid_correction"
    accepted(await correct(values=["outcome=to_change"], date_field="next_on", date_value="2024-06-15"))
    state, _ = await store.state(person_stream(person))
    assert state.plan.review_on == date(2024, 6, 15)
