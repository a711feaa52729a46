"""The rules of a desk's day and of referrals, told as given(facts).when(decision).then(facts | refusal)."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from services.intake.domain import reception, referrals
from services.intake.domain.desks import DESKS, desks_on
from services.intake.domain.drafts import FORM, subject_of
from services.intake.domain.reception import DeskDay, Visits, day_stream
from services.intake.domain.referrals import ORGANISATIONS, Disclosure, Organisation, Referrals, evolve_referrals
from services.intake.views.referrals import told
from shared import territory
from shared.decisions import Refused
from shared.events import intake as facts
from tests.fixtures.gwt import given

TODAY = date(2024, 3, 20)
DESK = "malvezzi"
DAY = day_stream(DESK, TODAY)
AMINA, LUCA = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
ELENA, MARCO = "u-elena.conti", "u-marco.ferri"
REF = "33333333-3333-4333-8333-333333333333:1:" + "a" * 64


def visit(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def taken(number: int, person_id: str | None = None) -> facts.TicketTaken:
    return facts.TicketTaken(on=TODAY, desk_day=DAY.id, visit_id=visit(number), ticket=number, person_id=person_id)


def called(number: int, operator: str = ELENA) -> facts.TicketCalled:
    return facts.TicketCalled(on=TODAY, desk_day=DAY.id, visit_id=visit(number), operator=operator)


def closed(number: int, outcome: Any = "served") -> facts.TicketClosed:
    return facts.TicketClosed(on=TODAY, desk_day=DAY.id, visit_id=visit(number), outcome=outcome)


def arrive(
    day: DeskDay, number: int = 9, person_id: str | None = None, visits: Visits | None = None, **changes: Any
) -> Any:
    values: dict[str, Any] = {"desk": DESK, "on": TODAY, "today": TODAY} | changes
    return reception.arrive(day, visits or Visits(), visit_id=visit(number), person_id=person_id, **values)


def call(day: DeskDay, number: int | None = None, operator: str = ELENA) -> Any:
    return reception.call(
        day, desk=DESK, visit_id=None if number is None else visit(number), operator=operator, on=TODAY, today=TODAY
    )


def end(day: DeskDay, number: int, outcome: Any = "served") -> Any:
    return reception.end_visit(day, desk=DESK, visit_id=visit(number), outcome=outcome, on=TODAY)


def test_numbers_follow_the_order_of_arrival_also_after_somebody_left() -> None:
    given(DAY).when(lambda day: arrive(day, 1)).then(taken(1))
    given(DAY, taken(1), closed(1, "left")).when(lambda day: arrive(day, 2)).then(taken(2))


def test_the_arrival_of_somebody_known_is_also_a_fact_about_them() -> None:
    arrived = facts.PersonArrived(on=TODAY, person_id=AMINA, visit_id=visit(1), desk=DESK)
    given(DAY).when(lambda day: arrive(day, 1, AMINA)).then(taken(1, AMINA), arrived)


def test_nobody_waits_twice_on_one_day_but_may_come_back_tomorrow() -> None:
    given(DAY).when(lambda day: arrive(day, 1, AMINA, Visits({visit(7): TODAY}))).refused("already_waiting")
    yesterday = Visits({visit(7): date(2024, 3, 19)})
    assert not isinstance(arrive(DeskDay(), 1, AMINA, yesterday), Refused)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"desk": "nowhere"}, "desk_unknown"), ({"desk": "appennino"}, "desk_unknown"),
     ({"today": date(2024, 3, 21)}, "day_over")],
)  # fmt: skip
def test_a_queue_stands_at_a_desk_that_is_there_on_its_own_day(changes: dict[str, Any], code: str) -> None:
    given(DAY).when(lambda day: arrive(day, 1, **changes)).refused(code)


def test_the_next_is_the_first_who_waits() -> None:
    waiting = given(DAY, taken(1), taken(2), taken(3), called(1, MARCO))
    waiting.when(call).then(called(2))
    waiting.when(lambda day: call(day, 3)).then(called(3))
    given(DAY).when(call).refused("queue_empty")


def test_an_operator_receives_one_at_a_time_and_nobody_is_received_twice() -> None:
    busy = given(DAY, taken(1), taken(2), called(1))
    busy.when(call).refused("operator_busy")
    busy.when(lambda day: call(day, 1, MARCO)).refused("not_waiting")
    given(DAY, taken(1), taken(2), called(1), closed(1)).when(call).then(called(2))


def test_who_was_put_back_is_first_again() -> None:
    returned = facts.TicketReturned(on=TODAY, desk_day=DAY.id, visit_id=visit(1))
    back = given(DAY, taken(1), taken(2), called(1), returned)
    back.when(lambda day: call(day, operator=MARCO)).then(called(1, MARCO))
    given(DAY, taken(1)).when(lambda d: reception.put_back(d, desk=DESK, visit_id=visit(1), on=TODAY)).refused(
        "not_called"
    )


def test_a_visit_ends_once_and_only_who_was_called_was_received() -> None:
    ended = facts.VisitEnded(on=TODAY, person_id=AMINA, visit_id=visit(1), outcome="served")
    given(DAY, taken(1, AMINA), called(1)).when(lambda day: end(day, 1)).then(closed(1), ended)
    given(DAY, taken(1)).when(lambda day: end(day, 1)).refused("not_called")
    given(DAY, taken(1)).when(lambda day: end(day, 1, "left")).then(closed(1, "left"))
    given(DAY, taken(1), closed(1, "left")).when(lambda day: end(day, 1, "left")).refused("visit_over")
    given(DAY).when(lambda day: end(day, 1)).refused("visit_unknown")


def test_an_operator_is_busy_while_receiving_and_free_afterwards() -> None:
    def away(day: DeskDay) -> Any:
        return reception.stand(day, desk=DESK, operator=ELENA, standing="away", on=TODAY, today=TODAY)

    state = given(DAY, taken(1), called(1)).states[0]
    assert state.standing[ELENA] == "busy"
    given(DAY, taken(1), called(1)).when(away).refused("operator_busy")
    after = given(DAY, taken(1), called(1), closed(1))
    assert after.states[0].standing[ELENA] == "free"
    stood = facts.OperatorStood(on=TODAY, desk_day=DAY.id, operator=ELENA, standing="away")
    after.when(away).then(stood)
    given(DAY, stood).when(away).then()


def test_a_number_gets_its_name_once() -> None:
    def name(day: DeskDay) -> Any:
        return reception.identify(day, Visits(), desk=DESK, visit_id=visit(1), person_id=AMINA, on=TODAY)

    identified = facts.TicketIdentified(on=TODAY, desk_day=DAY.id, visit_id=visit(1), person_id=AMINA)
    arrived = facts.PersonArrived(on=TODAY, person_id=AMINA, visit_id=visit(1), desk=DESK)
    given(DAY, taken(1)).when(name).then(identified, arrived)
    given(DAY, taken(1), identified).when(name).refused("already_identified")
    given(DAY, taken(1), closed(1, "left")).when(name).refused("visit_unknown")


def test_what_nobody_closed_is_closed_as_not_recorded() -> None:
    day = given(DAY, taken(1), called(1), closed(1), taken(2), taken(3, LUCA), called(3)).states[0]
    ended = facts.VisitEnded(on=TODAY, person_id=LUCA, visit_id=visit(3), outcome="not_recorded")
    assert reception.end_day(day, desk=DESK, on=TODAY) == [
        closed(2, "not_recorded"), closed(3, "not_recorded"), ended,
    ]  # fmt: skip


def test_desks_are_dated_and_stand_where_they_say() -> None:
    assert "malvezzi" not in desks_on(date(2017, 12, 19))
    assert DESKS["malvezzi"].spans(date(2024, 3, 19)) == ((time(9), time(13)), (time(14, 30), time(17)))
    assert DESKS["malvezzi"].spans(date(2024, 3, 24)) == ()
    for desk in DESKS.values():
        assert territory.district_of(desk.municipality, TODAY) == desk.district
        assert desk.quartiere is None or desk.quartiere in territory.QUARTIERI


# Referrals

PARISH, SOCIAL = (next(o for o in ORGANISATIONS if o.kind == kind) for kind in ("parish", "social_services"))
RID = visit(500)


def refer(organisation: Organisation, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "informed_on": TODAY, "consent": False, "agreed": False, "person_id": AMINA, "referral_id": RID,
        "identity": REF, "on": TODAY,
    }  # fmt: skip
    return referrals.refer(organisation=organisation, **(values | changes))


def referred(organisation: Organisation, level: int) -> facts.PersonReferred:
    return facts.PersonReferred(
        on=TODAY, person_id=AMINA, referral_id=RID, organisation=organisation.code, kind=organisation.kind,
        level=level, informed_on=TODAY, identity=REF,
    )  # fmt: skip


def test_a_public_body_needs_no_consent_a_private_one_does() -> None:
    assert refer(SOCIAL) == [referred(SOCIAL, 3)]
    assert refer(PARISH).code == "no_consent"
    assert refer(PARISH, consent=True) == [referred(PARISH, 0)]
    assert refer(PARISH, consent=True, agreed=True) == [referred(PARISH, 1)]


@pytest.mark.parametrize("informed_on", [None, date(2024, 3, 21)])
def test_everybody_is_informed_first(informed_on: date | None) -> None:
    assert refer(SOCIAL, informed_on=informed_on).code == "not_informed"


def state(*events: Any) -> Referrals:
    found = Referrals()
    for event in events:
        found = evolve_referrals(found, event)
    return found


def test_agreement_is_given_and_withdrawn_to_private_bodies_alone() -> None:
    def change(before: Referrals, agreed: bool) -> Any:
        return referrals.change_agreement(before, referral_id=RID, person_id=AMINA, agreed=agreed, on=TODAY)

    withdrawn = facts.ReferralAgreementChanged(on=TODAY, person_id=AMINA, referral_id=RID, level=0)
    assert change(state(referred(PARISH, 1)), False) == [withdrawn]
    assert change(state(referred(PARISH, 1), withdrawn), False) == []
    assert change(state(referred(PARISH, 1), withdrawn), True) == [withdrawn.model_copy(update={"level": 1})]
    assert change(state(referred(SOCIAL, 3)), False).code == "public_body"


def test_a_referral_is_answered_once() -> None:
    accepted = facts.ReferralAccepted(on=TODAY, person_id=AMINA, referral_id=RID, known=False)
    before = state(referred(PARISH, 0))
    assert referrals.accept(before, referral_id=RID, person_id=AMINA, on=TODAY) == [accepted]
    after = state(referred(PARISH, 0), accepted)
    again: Any = referrals.accept(after, referral_id=RID, person_id=AMINA, on=TODAY)
    assert again.code == "referral_answered"
    declined: Any = referrals.decline(after, referral_id=RID, person_id=AMINA, reason="not_in_target", on=TODAY)
    assert declined.code == "referral_answered"


def test_nobody_hears_more_than_the_person_was_told_nor_than_their_kind() -> None:
    assert referrals.heard("social_services", 3, TODAY) == 3
    assert referrals.heard("parish", 3, TODAY) == 1
    assert referrals.heard("social_services", 1, TODAY) == 1
    table = (
        Disclosure("parish", 1, False, "parish", date(2017, 1, 1), ""),
        Disclosure("parish", 2, False, "parish", date(2024, 3, 20), ""),
    )
    assert [referrals.disclosure("parish", on, table).level for on in (date(2024, 3, 19), TODAY)] == [1, 2]


def test_an_accreditation_begins_and_ends() -> None:
    body = (Organisation("x", "Caritas di prova", "caritas", date(2024, 1, 1), date(2024, 12, 31)),)
    days = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 12, 31), date(2025, 1, 1)]
    assert [referrals.organisation_named("Caritas di prova", on, body) is not None for on in days] == [
        False, True, True, False,
    ]  # fmt: skip


def test_each_level_says_what_it_may_and_no_more() -> None:
    row = {"state": "accepted", "declined": None}
    plan = {"actions": [{"direction": "training"}]}
    person: dict[str, Any] = {"stage": "in_charge", "checks": {"status": {}}, "interviews": {}, "plan": plan}
    person |= {"closed_on": None, "outcome": None}
    meeting = {"day": TODAY, "at": "09:00", "state": "booked", "operator": ELENA}
    answers = [told(row, person, [meeting], level) for level in range(4)]
    assert answers[0] == {"level": 0}
    assert answers[1] == {"level": 1, "contact": "contacted"}
    assert answers[2] == answers[1] | {"level": 2, "stage": "in_charge"}
    assert answers[3]["directions"] == ["training"]
    assert answers[3]["appointments"] == [{"day": TODAY, "at": "09:00", "state": "booked"}]


def test_a_draft_belongs_to_a_form_and_perhaps_to_a_person() -> None:
    assert subject_of(f"/intake/persone/{AMINA}/colloquio") == AMINA
    assert subject_of("/intake/registra") is None
    assert FORM.fullmatch("/intake/registra/rapida")
    assert not FORM.fullmatch("/matching/aziende")
    assert not FORM.fullmatch("/intake/../x?q=Haddad")
