"""The agenda's rules, told as given, when, then; the texts of messages; the calendar."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast, get_args

import pytest
from icalendar import Calendar

from services.intake import ics, labels
from services.intake.commands.messages import language_of, mobile
from services.intake.domain import Person, agenda, appointments, groups, messages, person_stream
from services.intake.domain.agenda import Moment, Slot, Week, free_slots, week_id, week_stream, weeks_of
from services.intake.domain.desks import DESKS
from services.intake.message_texts import LANGUAGES, PLACEHOLDERS, STOP, TEXTS, rendered
from services.intake.working_days import holidays_of
from shared.decisions import Refused
from shared.events.intake import (
    AppointmentBooked,
    AppointmentMissed,
    AppointmentMoved,
    MessageAttempted,
    MessageChannel,
    MessageQueued,
    OperatorAbsent,
    PersonRegistered,
    SlotFreed,
    SlotTaken,
    Template,
)
from tests.contracts.publish import example
from tests.fixtures.gwt import given

AMINA = "11111111-2222-4333-8444-555555555555"
FIRST, SECOND = "aaaaaaaa-2222-4333-8444-555555555555", "bbbbbbbb-2222-4333-8444-555555555555"
GIULIA = "u-giulia.rossi"
TUESDAY = date(2024, 5, 7)
NOW = Moment(date(2024, 5, 6), "09:00")
MALVEZZI = DESKS["malvezzi"]
NAMES = {GIULIA: "Giulia Rossi", "u-elena.conti": "Elena Conti"}


def slot(at: str = "09:30", day: date = TUESDAY, desk: str = "malvezzi", minutes: int = 30) -> Slot:
    return Slot(desk, GIULIA, day, at, minutes)


def refused(one: Slot, week: Week = Week(), desk_week: Week = Week(), mode: Any = "in_person") -> str:  # noqa: B008  # frozen
    found = agenda.slot_refused(
        one, desk=DESKS.get(one.desk), mode=mode, week=week, desk_week=desk_week,
        holidays=holidays_of(DESKS.get(one.desk), one.day.year), now=NOW, called=lambda account: NAMES[account],
    )  # fmt: skip
    return found.code if found else ""


def registered() -> PersonRegistered:
    return PersonRegistered.model_validate(example(PersonRegistered) | {"person_id": AMINA, "on": "2024-03-04"})


def booked(**changes: Any) -> AppointmentBooked:
    values = {"on": "2024-05-06", "person_id": AMINA, "appointment_id": FIRST, "purpose": "interview",
              "mode": "in_person", "desk": "malvezzi", "operator": GIULIA, "day": "2024-05-07", "at": "09:30",
              "minutes": 30} | changes  # fmt: skip
    return AppointmentBooked.model_validate(values)


def taken(**changes: Any) -> SlotTaken:
    values = {"on": "2024-05-06", "week_id": week_id("operator", GIULIA, TUESDAY), "slot_id": FIRST,
              "desk": "malvezzi", "day": "2024-05-07", "at": "09:30", "minutes": 30,
              "booked_by": "u-elena.conti"} | changes  # fmt: skip
    return SlotTaken.model_validate(values)


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (slot(), ""),
        (slot("14:30"), ""),
        (slot("13:00"), "outside_hours"),
        (slot("12:45"), "outside_hours"),
        (slot(day=date(2024, 5, 11)), "outside_hours"),
        (slot("08:30", date(2024, 5, 6)), "slot_past"),
        (slot(day=date(2024, 5, 3)), "slot_past"),
        (slot(day=date(2025, 5, 6)), "slot_far"),
        (slot(desk="nowhere"), "desk_unknown"),
        (slot(day=date(2024, 8, 15)), "holiday"),
        (slot(day=date(2024, 10, 4)), "holiday"),
    ],
)
def test_where_nobody_can_be_booked(one: Slot, code: str) -> None:
    assert refused(one) == code


def test_the_patron_closes_only_bolognas_desks() -> None:
    patron = date(2024, 10, 4)
    assert patron in holidays_of(MALVEZZI, 2024)
    assert patron not in holidays_of(DESKS["appennino"], 2024)
    assert date(2026, 10, 4) in holidays_of(DESKS["appennino"], 2026), "a national holiday from 2026 (L. 151/2025)"
    assert holidays_of(MALVEZZI, 2024)[date(2024, 8, 15)].startswith("Assunzione")


def test_an_appointment_by_telephone_needs_no_open_desk_but_no_holiday_either() -> None:
    assert refused(slot("18:00"), mode="phone") == ""
    assert refused(slot("21:00"), mode="phone") == "outside_hours"
    assert refused(slot("18:00", date(2024, 8, 15)), mode="phone") == "holiday"


def test_absence_closure_and_overlap() -> None:
    away = Week(absences={FIRST: (TUESDAY, TUESDAY)})
    assert refused(slot(), away) == "operator_absent"
    assert refused(slot(day=TUESDAY + timedelta(days=1)), away) == ""
    assert refused(slot(), desk_week=Week(closures={FIRST: (TUESDAY, TUESDAY)})) == "desk_closed"
    busy = Week(taken={FIRST: agenda.Taken(slot("09:15", minutes=30), "u-elena.conti")})
    assert refused(slot(), busy) == "slot_taken"
    assert refused(slot("09:45"), busy) == ""


def test_free_slots_go_by_opening_hours_and_leave_out_what_is_taken() -> None:
    week = Week(taken={FIRST: agenda.Taken(slot("09:30", minutes=60), "u-elena.conti")})
    found = [one.at for one in free_slots(MALVEZZI, GIULIA, TUESDAY, week, Week(), {}, NOW)]
    assert found == ["09:00", "10:30", "11:00", "11:30", "12:00", "12:30", "14:30", "15:00", "15:30", "16:00", "16:30"]
    today = [one.at for one in free_slots(MALVEZZI, GIULIA, NOW.day, Week(), Week(), {}, Moment(NOW.day, "12:05"))]
    assert today == ["12:30"]
    assert free_slots(MALVEZZI, GIULIA, TUESDAY, Week(), Week(), {TUESDAY: "festa"}, NOW) == []


def test_weeks_are_cut_at_their_ends_and_named_by_their_own_year() -> None:
    assert weeks_of(date(2024, 12, 28), date(2025, 1, 7)) == [
        (date(2024, 12, 28), date(2024, 12, 29)),
        (date(2024, 12, 30), date(2025, 1, 5)),
        (date(2025, 1, 6), date(2025, 1, 7)),
    ]
    assert week_id("operator", GIULIA, date(2024, 12, 30)) == "operator:u-giulia.rossi:2025-w01"
    away = agenda.record_absence(
        absence_id=FIRST, operator=GIULIA, first=date(2024, 12, 28), last=date(2025, 1, 7), today=NOW.day
    )
    assert not isinstance(away, Refused)
    assert [event.subject[-8:] for event in away] == ["2024-w52", "2025-w01", "2025-w02"]


def test_booking_takes_the_slot_and_a_second_one_is_told_by_whom() -> None:
    def decide(person: Person, week: Week) -> Any:
        no = agenda.slot_refused(
            slot(), desk=MALVEZZI, mode="in_person", week=week, desk_week=Week(), holidays={}, now=NOW,
            called=lambda account: NAMES[account],
        )  # fmt: skip
        return appointments.book(
            person, no, person_id=AMINA, appointment_id=FIRST, slot=slot(), purpose="interview", mode="in_person",
            booked_by="u-elena.conti", today=NOW.day,
        )  # fmt: skip

    week = week_stream("operator", GIULIA, TUESDAY)
    given(person_stream(AMINA), registered()).given(week).when(decide).then(booked(), taken())
    said = given(person_stream(AMINA), registered()).given(week, taken(slot_id=SECOND)).when(decide)
    assert "Giulia Rossi ha già un appuntamento: l'ha fissato Elena Conti" in said.refused("slot_taken").sentence
    freed = SlotFreed(on=NOW.day, week_id=week.id, slot_id=SECOND)
    given(person_stream(AMINA), registered()).given(week, taken(slot_id=SECOND), freed).when(decide).then(
        booked(), taken()
    )
    given(person_stream(AMINA)).given(week).when(decide).refused("not_open")
    other = booked(appointment_id=SECOND, operator="u-marco.ferri", at="09:45")
    given(person_stream(AMINA), registered(), other).given(week).when(decide).refused("person_busy")


def test_what_became_of_an_appointment_is_said_once_and_not_before_its_hour() -> None:
    stream = person_stream(AMINA)

    def miss(person: Person, now: Moment = Moment(TUESDAY, "10:00")) -> Any:  # noqa: B008  # frozen
        return appointments.miss(person, person_id=AMINA, appointment_id=FIRST, excused=False, now=now)

    missed = AppointmentMissed(on=TUESDAY, person_id=AMINA, appointment_id=FIRST)
    given(stream, registered(), booked()).when(miss).then(missed)
    given(stream, registered(), booked()).when(lambda p: miss(p, Moment(TUESDAY, "09:00"))).refused("not_yet")
    given(stream, registered(), booked(), missed).when(miss).refused("appointment_over")
    given(stream, registered()).when(miss).refused("no_appointment")
    moved = AppointmentMoved(
        on=NOW.day, person_id=AMINA, appointment_id=FIRST, desk="malvezzi", operator=GIULIA, day=date(2024, 5, 14),
        at="09:30", minutes=30, why="person",
    )  # fmt: skip
    given(stream, registered(), booked(), moved).when(miss).refused("not_yet")


def test_a_session_has_no_more_seats_than_chairs_and_leaves_out_who_cannot_come() -> None:
    open_person = given(person_stream(AMINA), registered()).states[0]
    session = groups.Session(slot("10:00"), "rights", 1)
    ids = {"a": FIRST, "b": SECOND}
    people = {"a": open_person, "b": open_person}
    decision = groups.invite(session, people, session_id=FIRST, ids=ids, now=NOW)
    assert isinstance(decision, Refused)
    assert decision.code == "no_seats"
    one = groups.invite(session, {AMINA: open_person, SECOND: Person()}, session_id=FIRST, ids={AMINA: FIRST}, now=NOW)
    assert not isinstance(one, Refused)
    assert [type(event).__name__ for event in one] == ["AppointmentBooked", "SessionSeatTaken"]


# Messages


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", get_args(Template))
def test_each_text_in_each_language_names_what_it_must_and_nothing_else(template: Template, language: str) -> None:
    text = TEXTS[template][language]
    assert fields(text["text"]) == PLACEHOLDERS[template]
    assert fields(text["subject"]) == set()
    assert fields(STOP[language]) == {"link"}
    _, body = rendered(template, language, dict.fromkeys(PLACEHOLDERS[template], "x"), "https://y")
    assert "{" not in body
    assert body.endswith("https://y")
    assert len(text["text"]) < 150, "one or two SMS"
    assert template in labels.TEMPLATES


def test_the_guard_of_the_texts_sees_a_missing_and_a_wrong_name() -> None:
    assert fields("Ciao {nome}, alle {at}") != PLACEHOLDERS["appointment_reminder"]
    with pytest.raises(KeyError):
        rendered("appointment_booked", "it", {"name": "Amina"}, "")
    assert rendered("proposal", "zz", {"name": "Amina"}, "")[1].startswith("Ciao Amina")


@pytest.mark.parametrize(
    ("phone", "reached"),
    [
        ("333 1234567", "+393331234567"), ("+39 333-123 45 67", "+393331234567"), ("0039 3331234567", "+393331234567"),
        ("+212 612345678", "+212612345678"), ("051 2193333", None), ("+39 051 2193333", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_which_numbers_an_sms_can_reach(phone: str | None, reached: str | None) -> None:
    assert mobile(phone) == reached


@pytest.mark.parametrize(
    ("preferred", "refused_", "channel"),
    [
        (None, (), "sms"), ("email", (), "email"), (None, ("sms",), "email"), ("email", ("email",), "sms"),
        (None, ("sms", "email"), None), ("letter", (), None), ("phone", (), "sms"),
    ],
)  # fmt: skip
def test_the_channel_is_the_preferred_one_that_is_not_refused(
    preferred: str | None, refused_: tuple[MessageChannel, ...], channel: str | None
) -> None:
    state = messages.Messages(refused=frozenset(refused_))
    assert messages.channel_for(state, preferred, mobile=True, email=True) == channel
    assert language_of({"spoken_language": "ar"}) == "ar"
    assert language_of({"spoken_language": "ur"}) == language_of({}) == "it"


def test_history_is_not_news() -> None:
    today = date(2024, 5, 6)
    assert messages.fresh(date(2024, 5, 3), today, today)
    assert not messages.fresh(date(2024, 5, 2), today, today), "it happened long ago"
    assert not messages.fresh(today, date(2019, 1, 1), today), "it was recorded long ago, and is read only now"


def test_the_pauses_grow_and_end() -> None:
    now = datetime(2024, 5, 6, 10, tzinfo=UTC)
    queued = MessageQueued.model_validate(example(MessageQueued) | {"keep_until": "2024-06-01", "message_id": FIRST})
    state = messages.evolve_messages(messages.Messages(), queued)
    pauses = []
    for attempt in range(1, len(messages.PAUSES) + 2):
        begun = MessageAttempted(on=now.date(), person_id=queued.person_id, message_id=FIRST, attempt=attempt)
        state = messages.evolve_messages(state, begun)
        decision = messages.handed(
            state, messages.Handed(reason="busy", again=True), person_id=queued.person_id, message_id=FIRST, now=now,
            today=now.date(),
        )  # fmt: skip
        assert not isinstance(decision, Refused)
        (event,) = decision
        if (again := getattr(event, "again_at", None)) is not None:
            pauses.append((again - now).seconds // 60)
        state = messages.evolve_messages(state, cast(Any, event))
    assert pauses == [5, 30, 120, 720]
    assert state.by_id[FIRST].state == "failed"


# The calendar


def test_a_calendar_keeps_the_civil_hour_over_the_change_of_clocks_and_holds_no_name() -> None:
    row = {
        "appointment_id": FIRST, "person_id": AMINA, "purpose": "interview", "desk": "malvezzi", "at": "09:30",
        "minutes": 30, "moves": 1, "state": "booked", "root_id": AMINA,
    }  # fmt: skip
    rows = [row | {"day": date(2024, 10, 25)}, row | {"day": date(2024, 10, 28), "appointment_id": SECOND}]
    body = ics.calendar(rows, "Prova")
    starts = [event.decoded("DTSTART") for event in Calendar.from_ical(body).walk("VEVENT")]
    assert [one.hour for one in starts] == [9, 9]
    assert [one.astimezone(UTC).hour for one in starts] == [7, 8]
    assert b"TZID=Europe/Rome:20241028T093000" in body
    assert b"Amina" not in body
    assert b"Colloquio: Haddad Amina" in ics.calendar(rows, "Prova", {AMINA: "Haddad Amina"})
    assert AMINA.encode() not in body


def test_an_absence_of_a_week_is_folded_and_lifted() -> None:
    stream = week_stream("operator", GIULIA, TUESDAY)
    away = OperatorAbsent(on=NOW.day, week_id=stream.id, absence_id=FIRST, operator=GIULIA, first=TUESDAY, last=TUESDAY)
    assert given(stream, away).states[0].absent(TUESDAY)
