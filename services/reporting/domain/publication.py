"""When the figures of a half-year are public: decided by the coordination table, recorded once.

Source: protocol of 2021 (the table monitors, meets at least every six months, presents the results each year);
that a publication is bound to an instant and a digest is ours: anybody can recompute the figures as of then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.reporting.domain.periods import Period, period_of
from shared.decisions import Decision, Refused, Stream
from shared.events.base import Event
from shared.events.reporting import ReportPublished


@dataclass(frozen=True, slots=True)
class Report:
    """The publication of a half-year, if there is one."""

    published: ReportPublished | None = None


def evolve_report(state: Report, event: Event) -> Report:
    """The state after one more fact."""
    match event:
        case ReportPublished():
            return Report(event)
        case _:
            raise TypeError(f"not a fact of a report: {event.TYPE}")


def report_stream(period: Period) -> Stream[Report]:
    """The stream of a half-year's publication."""
    return Stream(period.report_id, Report(), evolve_report)


def publish(
    state: Report, *, period: Period, as_of: datetime, digest: str, on: date, today: date, as_of_day: date
) -> Decision:
    """The table made the figures public on `on`, as recorded by `as_of`, the end of `as_of_day` in Rome.

    The day must be over: of a day that still runs more facts may be recorded, and the digest would not hold.
    """
    if state.published is not None:
        return Refused(
            "already_published",
            "Il rapporto di questo semestre è già pubblicato: se la pubblicazione è sbagliata, correggila o annullala.",
        )
    if on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if as_of_day < period.end:
        return Refused(
            "period_open",
            f"Il semestre finisce il {period.end:%d/%m/%Y}: scegli una data di rilevazione da quel giorno in poi.",
            "as_of",
        )
    if as_of_day >= today:
        return Refused(
            "day_not_over",
            "La data di rilevazione deve essere un giorno già finito: oggi si possono ancora registrare fatti.",
            "as_of",
        )
    if on <= as_of_day:
        return Refused(
            "published_too_early",
            "La pubblicazione non può essere prima della fine del giorno di rilevazione.",
            "on",
        )
    return [ReportPublished(on=on, report_id=period.report_id, as_of=as_of, digest=digest)]


def correctable(event: Event, corrected_on: date | None, as_of_day: date, today: date) -> Refused | None:
    """Whether the date of a publication may become `corrected_on` (None: it is cancelled)."""
    if not isinstance(event, ReportPublished) or period_of(event.report_id) is None:
        return Refused("fact_not_found", "Questo fatto non c'è o è già stato annullato.")
    if corrected_on is not None and corrected_on > today:
        return Refused("future_date", "La data non può essere nel futuro.", "on")
    if corrected_on is not None and corrected_on <= as_of_day:
        return Refused(
            "published_too_early",
            "La pubblicazione non può essere prima della fine del giorno di rilevazione.",
            "on",
        )
    return None
