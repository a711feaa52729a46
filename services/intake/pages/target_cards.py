"""The cards of the person's page about the target and the assessment: conclusions only, no words from the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from services.intake import labels
from services.intake.domain import person_stream
from services.intake.domain.assessment import SKILLS, overall
from services.intake.domain.checks import to_repeat
from services.intake.views import OTHERS
from shared.corrections import effective
from shared.envelope import Recorded
from shared.events import intake
from shared.projection import Row
from shared.store.unit import fold
from shared.web.readers import may

if TYPE_CHECKING:
    from services.intake.pages.sections import Looked


def present(recorded: list[Recorded]) -> list[Recorded]:
    """The facts of the present episode that hold."""
    found: list[Recorded] = []
    for fact in effective(recorded):
        found = [] if isinstance(fact.event, intake.PersonRegistered) else [*found, fact]
    return found


def balances(others: Row | None) -> list[str]:
    """Days on which a balance of skills (training, line 2.a) was completed."""
    courses = (others or {}).get("courses", {}).values()
    return sorted(c["on"] for c in courses if c.get("topic") == "skills_balance" and c.get("state") == "completed")


def languages(facts: list[Recorded]) -> list[dict[str, Any]]:
    """The latest level of each language: by skill, and the lowest as the one to speak of."""
    latest = {f.event.language: f.event for f in facts if isinstance(f.event, intake.LanguageAssessed)}
    found = []
    for code, event in latest.items():
        levels = {skill: getattr(event, skill) for skill in SKILLS if getattr(event, skill)}
        found.append(
            {
                "name": labels.LANGUAGES.get(code, code), "overall": labels.LEVELS[cast(str, overall(levels))],
                "levels": {labels.SKILLS[skill]: labels.LEVELS[level] for skill, level in levels.items()},
                "evidence": labels.LANGUAGE_EVIDENCE[event.evidence], "on": event.evidence_on,
            }
        )  # fmt: skip
    return found


async def fill_target(looked: Looked) -> dict[str, Any] | None:
    """The card on the person's page: what has to be checked again, what the Region says."""
    person = fold(person_stream(looked.person_id), looked.recorded)
    reports = [report for report in person.target.reports.values() if report.holds(looked.on)]
    again = to_repeat(person, looked.on)
    if not reports and not again:
        return None
    return {"again": again, "reports": reports, "finding": person.target.finding}


async def fill_assessed(looked: Looked) -> dict[str, Any] | None:
    """The card on the person's page, for who works on the case: conclusions only, the words stay on the page of the
    assessment."""
    if not may(looked.reader, "intake.notes"):
        return None
    async with looked.store.read() as reading:
        others = await reading.row(OTHERS, looked.person_id)
    person = fold(person_stream(looked.person_id), looked.recorded)
    if not person.interviews:
        return None
    return {
        "finding": person.target.finding, "found_on": person.target.found_on,
        "concluded_on": person.assessment.concluded_on, "conclusion": person.assessment.conclusion,
        "languages": languages(present(looked.recorded)), "balances": balances(others),
    }  # fmt: skip
