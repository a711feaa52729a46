"""What time alone makes happen: a vacancy whose last day for candidates has passed is closed as expired."""

from __future__ import annotations

from datetime import date, timedelta

from services.matching import domain
from services.matching.views import expired
from shared.decisions import Decision
from shared.projection import Reading
from shared.service import Deadline, Due
from shared.store import Unit


async def expired_vacancies(reading: Reading, today: date) -> list[Due]:
    """Due on the day after the last one."""
    return [Due(row["vacancy_id"], row["closes_on"] + timedelta(days=1)) for row in await expired(reading, today)]


async def expire(unit: Unit, due: Due) -> Decision:
    """Closes it; refused (and so recorded as an answer) if the last day was moved meanwhile."""
    (vacancy,) = await unit.states(domain.vacancy_stream(due.key))
    return domain.close_vacancy(vacancy, reason="expired", on=due.due_on, today=unit.today)


DEADLINES = (Deadline(name="vacancy-expired", due=expired_vacancies, act=expire),)
