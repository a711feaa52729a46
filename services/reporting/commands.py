"""One function per command: reads what the decision needs and appends the facts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.reporting import domain, figures
from services.reporting.domain import Period, report_stream
from services.reporting.views import queries
from shared.clock import civil
from shared.corrections import correct, effective
from shared.decisions import Decision, Refused
from shared.events.base import Id, Motive
from shared.events.reporting import GovernanceFactCorrected, ReportPublished
from shared.projection import Reading
from shared.store import Command, Outcome, Store, Unit

Day = Annotated[date, Field(ge=date(2017, 1, 1), le=date(2100, 12, 31))]


class Form(BaseModel):
    """What a form or an API body holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishForm(Form):
    """The figures as of the end of a day, made public on a date."""

    as_of: Day
    on: Day


class CorrectForm(Form):
    """A publication was recorded wrongly: it is cancelled, or its date is another."""

    fact_id: Id
    action: Literal["cancel", "rectify"]
    on: Day | None = None
    motive: Motive

    @model_validator(mode="after")
    def _date_to_rectify(self) -> CorrectForm:
        if self.action == "rectify" and self.on is None:
            raise ValueError("Per rettificare scrivi la data giusta.")
        return self


async def publish(store: Store, command: Command, period: Period, values: PublishForm) -> Outcome:
    """Computes the figures as of the end of that day and records that they are public."""

    async def decide(unit: Unit) -> Decision:
        (report,) = await unit.states(report_stream(period))
        as_of = figures.end_of(values.as_of)
        reading = await Reading.open(unit.conn, store.service)
        (found,) = await queries.half_years(reading, [period], as_of)
        return domain.publish(
            report, period=period, as_of=as_of, digest=figures.digest(period, as_of, found), on=values.on,
            today=unit.today, as_of_day=values.as_of,
        )  # fmt: skip

    return await store.execute(command, decide)


async def correct_publication(store: Store, command: Command, period: Period, values: CorrectForm) -> Outcome:
    """Cancels a publication, or gives it its right date."""

    async def decide(unit: Unit) -> Decision:
        stream = report_stream(period)
        await unit.states(stream)
        fact = next((f for f in effective(unit.history(stream.id)) if f.meta.id == values.fact_id), None)
        if fact is None or not isinstance(fact.event, ReportPublished):
            return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
        new_date = values.on if values.action == "rectify" else None
        refused = domain.correctable(fact.event, new_date, civil(fact.event.as_of), unit.today)
        if refused is not None:
            return refused
        return await correct(
            unit, stream, GovernanceFactCorrected, fact_id=values.fact_id,
            corrected={"on": new_date.isoformat()} if new_date else None, motive=values.motive, on=unit.today,
        )  # fmt: skip

    return await store.execute(command, decide)
