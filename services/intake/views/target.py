"""Declarations and what may have to be checked again: one row a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.intake.domain.assessment import SKILLS, overall
from shared.envelope import Meta
from shared.events import intake
from shared.events.base import Event
from shared.projection import Reading, Row, View


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("declarations", JSONB, nullable=False),
        sa.Column("ends", JSONB, nullable=False),
        sa.Column("asked", JSONB, nullable=False),
        sa.Column("reports", JSONB, nullable=False),
        sa.Column("watch", sa.Boolean, nullable=False),
        sa.Column("finding", sa.Text),
        sa.Column("answer_by", sa.Date),
        sa.Column("assessed_on", sa.Date),
        sa.Column("languages", JSONB, nullable=False),
    ]


def fold_target(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """One more fact; `watch` says that a check of an open pathway may have to be done again, now or one day."""
    own = cast(Any, event)
    empty: Row = {
        "person_id": own.person_id, "open": False, "declarations": {}, "ends": {}, "asked": {}, "reports": {},
        "watch": False, "finding": None, "answer_by": None, "assessed_on": None, "languages": {},
    }  # fmt: skip
    row = {**(row or empty)}
    match event:
        case intake.PersonRegistered():
            fresh = {"finding": None, "answer_by": None, "assessed_on": None}
            row |= {"open": True, "ends": {}, "asked": {}, **fresh}
        case intake.PathwayClosed():
            row["open"] = False
        case intake.EligibilityChecked():
            if event.evidence == "self_declaration":
                said = {"check": event.check, "on": event.evidence_on.isoformat()}
                row["declarations"] = {**row["declarations"], meta.id: said | _verified(row, meta.id)}
            ends = {name: day for name, day in row["ends"].items() if name != event.check}
            row["ends"] = ends | ({event.check: event.holds_until.isoformat()} if event.holds_until else {})
            row["asked"] = {name: fact for name, fact in row["asked"].items() if name != event.check}
        case intake.DeclarationVerified():
            known = row["declarations"].get(event.fact_id, {"check": event.check})
            found = known | {"verified": event.outcome, "verified_on": event.on.isoformat()}
            row["declarations"] = {**row["declarations"], event.fact_id: found}
            if event.outcome == "recheck":
                row["asked"] = {**row["asked"], event.check: event.fact_id}
        case intake.ConcurrentMeasureReported():
            row["reports"] = {**row["reports"], f"{event.measure}/{event.since}": not event.withdrawn}
        case intake.FragilityFound():
            row["finding"] = event.outcome
        case intake.RefusalNoticed():
            row["answer_by"] = event.answer_by
        case intake.AssessmentConcluded():
            row["assessed_on"] = event.on
        case intake.LanguageAssessed():
            known = {skill: level for skill in SKILLS if (level := getattr(event, skill)) is not None}
            row["languages"] = {**row["languages"], event.language: overall(known)}
        case _:
            pass
    row["watch"] = bool(row["open"] and (row["ends"] or row["asked"] or any(row["reports"].values())))
    return row


def _verified(row: Row, fact_id: str) -> dict[str, str]:
    known = row["declarations"].get(fact_id, {})
    return {name: value for name, value in known.items() if name.startswith("verified")}


TARGET = View(
    name="target",
    key_column="person_id",
    columns=_columns,
    hears=(
        intake.PersonRegistered, intake.PathwayClosed, intake.EligibilityChecked, intake.DeclarationVerified,
        intake.ConcurrentMeasureReported, intake.FragilityFound, intake.RefusalNoticed, intake.AssessmentConcluded,
        intake.LanguageAssessed,
    ),
    key=lambda event: event.person_id,
    fold=fold_target,
    indexes=("watch",),
)  # fmt: skip


def _draw_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("sample_id", sa.Text, primary_key=True),
        sa.Column("drawn_on", sa.Date, nullable=False),
        sa.Column("population", sa.Integer, nullable=False),
        sa.Column("drawn", sa.Integer, nullable=False),
    ]


def fold_draw(row: Row | None, event: Event, meta: Meta) -> Row | None:
    """A draw."""
    assert isinstance(event, intake.DeclarationsSampled)
    return {
        "sample_id": event.sample_id, "drawn_on": event.on, "population": event.population,
        "drawn": len(event.drawn),
    }  # fmt: skip


DRAWS = View(
    name="draws",
    key_column="sample_id",
    columns=_draw_columns,
    hears=(intake.DeclarationsSampled,),
    key=lambda event: event.sample_id,
    fold=fold_draw,
)


async def declarations(
    reading: Reading, first: date, last: date, only: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """The declarations dated between two days: fact, person, check, day, and what a verification found."""
    table = reading.table(TARGET)
    each = sa.func.jsonb_each(table.c.declarations).table_valued("key", sa.column("value", JSONB)).render_derived()
    day = each.c.value["on"].astext
    query = (
        sa.select(
            each.c.key.label("fact_id"), table.c.person_id, each.c.value["check"].astext.label("check"),
            day.label("on"), each.c.value["verified"].astext.label("verified"),
            each.c.value["verified_on"].astext.label("verified_on"),
        )
        .select_from(table.join(each, sa.true()))
        .where(day.between(first.isoformat(), last.isoformat()))
        .order_by(each.c.key)
    )  # fmt: skip
    if only is not None:
        query = query.where(each.c.key.in_(list(only)))
    return await reading.rows(query)


async def watched(reading: Reading, limit: int = 500) -> list[str]:
    """The people of whom a check may have to be done again."""
    table = reading.table(TARGET)
    query = sa.select(table.c.person_id).where(table.c.watch).order_by(table.c.person_id).limit(limit)
    return [row["person_id"] for row in await reading.rows(query)]


async def draws(reading: Reading) -> list[Row]:
    """All draws, the latest half-year first."""
    table = reading.table(DRAWS)
    return await reading.rows(sa.select(table).order_by(table.c.sample_id.desc()))
