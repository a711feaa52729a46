"""Appointments as a calendar (RFC 5545): civil times in Rome with their time zone, so that a change of clocks moves
nobody. A published calendar holds no name: its address is a signed token that ends, and whoever has it can read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Literal

from icalendar import Calendar, Event, Timezone

from services.intake import labels
from services.intake.domain.desks import desk_name
from shared import clock
from shared.projection import Row
from shared.web import signing

Kind = Literal["person", "operator"]
USE = "calendar"


def token(kind: Kind, id_: str, days: int) -> str:
    """The address of a calendar, good for that many days."""
    return signing.sign(USE, {"kind": kind, "id": id_}, clock.now() + timedelta(days=days))


def read_token(text: str) -> tuple[Kind, str]:
    """Whose calendar it is. Raises signing.BadToken."""
    values = signing.unsign(USE, text)
    return values["kind"], values["id"]


def calendar(rows: Iterable[Row], title: str, names: Mapping[str, str] | None = None) -> bytes:
    """The appointments; each with the person's name where `names` are given, else without."""
    found = Calendar()
    found.add("prodid", "-//Insieme per il lavoro//Agenda//IT")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", _line(title))
    found.add("x-wr-timezone", "Europe/Rome")
    found.add("refresh-interval", timedelta(hours=1), {"VALUE": "DURATION"})
    found.add_component(Timezone.from_tzid("Europe/Rome"))
    for row in rows:
        found.add_component(_event(row, names or {}))
    return bytes(found.to_ical())


def _line(text: str) -> str:
    """The text without breaks of lines, of which a file's row or a paste may have brought some."""
    return " ".join(text.split())


def _event(row: Row, names: Mapping[str, str]) -> Event:
    event = Event()
    start = datetime.combine(row["day"], time.fromisoformat(row["at"]), clock.ROME)
    who = names.get(row["root_id"])
    event.add("uid", f"{row['appointment_id']}@insieme")
    event.add("dtstamp", clock.now())
    event.add("dtstart", start)
    event.add("duration", timedelta(minutes=row["minutes"]))
    event.add("summary", f"{labels.PURPOSES[row['purpose']]}" + (f": {_line(who)}" if who else ""))
    event.add("location", desk_name(row["desk"]))
    event.add("sequence", row["moves"])
    event.add("status", "CANCELLED" if row["state"] == "cancelled" else "CONFIRMED")
    return event
