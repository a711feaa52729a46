"""Somebody asks for help: the first time, or again after a closure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.intake.domain.parameters import parameter
from services.intake.domain.rules import age_band, age_on, date_refused, joined
from services.intake.domain.state import Person
from shared import territory
from shared.decisions import Decision, Refused
from shared.events.intake import (
    Channel,
    CitizenshipArea,
    Education,
    PersonRegistered,
    Sex,
)

UNKNOWN_QUARTIERE = "unknown"


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known of a person who comes in. The birth date stays here: only the band goes into the log."""

    channel: Channel
    entry: Literal["assisted", "questionnaire", "archive"]
    birth_date: date
    sex: Sex
    citizenship_area: CitizenshipArea
    education: Education
    municipality: str
    """ISTAT code of the domicile; anything else means outside the 55."""
    quartiere: str | None
    """Slug, `unknown`, or None outside Bologna."""


def domicile_refused(municipality: str, quartiere: str | None) -> Refused | None:
    """The domicile as the form gives it. Quartiere in Bologna alone (six since 2016). Outside the 55 it is no
    refusal: who asks for help is registered, and the check of the domicile says that they are not in the target."""
    if municipality == territory.CAPITAL:
        if quartiere is None:
            return Refused("quartiere_missing", "Per Bologna indica il quartiere, o «non noto».", "quartiere")
        if quartiere != UNKNOWN_QUARTIERE and quartiere not in territory.QUARTIERI:
            return Refused("quartiere_unknown", "Scegli il quartiere dall'elenco.", "quartiere")
    elif quartiere is not None:
        return Refused("quartiere_not_bologna", "Il quartiere si indica solo per Bologna.", "quartiere")
    return None


def register(person: Person, *, person_id: str, values: Registration, identity: str, on: date, today: date) -> Decision:
    """Somebody asks for help: the first time, or again after a closure (a new episode of the same person).

    Source: ages by parameter `minimum_age`; whether the person lives in the 55 municipalities is the first check.
    """
    if refused := joined(person):
        return refused
    if person.is_open:
        return Refused("already_open", "Questa persona ha già un percorso aperto: aprilo dalla sua scheda.")
    refused = date_refused(on, today, person.closed_on, "closure") or domicile_refused(
        values.municipality, values.quartiere
    )
    if refused is not None:
        return refused
    age = age_on(values.birth_date, on)
    if age < parameter("minimum_age", on):
        return Refused("too_young", f"Servono almeno {parameter('minimum_age', on)} anni compiuti.", "birth_date")
    if age > 110:
        return Refused("birth_date", "Controlla la data: avrebbe più di 110 anni.", "birth_date")
    inside = territory.is_metropolitan(values.municipality)
    return [
        PersonRegistered(
            on=on,
            person_id=person_id,
            episode=person.episode + 1,
            channel=values.channel,
            entry=values.entry,
            age_band=age_band(age),
            sex=values.sex,
            citizenship_area=values.citizenship_area,
            education=values.education,
            district=territory.district_of(values.municipality, on) if inside else "outside",
            union=territory.union_of(values.municipality, on) if inside else None,
            in_capital=values.municipality == territory.CAPITAL,
            identity=identity,
        )
    ]
