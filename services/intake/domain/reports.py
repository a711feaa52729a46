"""What the Region says about a person, as a fact of the pathway."""

from __future__ import annotations

from datetime import date

from services.intake.domain.parameters import MEASURES
from services.intake.domain.state import Person
from shared.decisions import Decision
from shared.events.intake import ConcurrentMeasureReported

KNOWN = frozenset(measure.code for measure in MEASURES)


def report_measure(
    person: Person,
    *,
    person_id: str,
    measure: str,
    since: date,
    until: date | None,
    said_on: date,
    withdrawn: bool,
) -> Decision:
    """Recorded of anybody who ever registered, whatever the stage: it is true of the person. A measure that the
    table does not know is 'other', to be discussed. Source: the protocol (non-duplication of interventions)."""
    if person.episode == 0:
        return []
    return [
        ConcurrentMeasureReported(
            on=said_on,
            person_id=person_id,
            measure=measure if measure in KNOWN else "other",
            since=since,
            until=until,
            said_on=said_on,
            withdrawn=withdrawn,
        )
    ]
