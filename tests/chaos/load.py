"""A load of real commands: people are registered, checked, interviewed, taken in charge, trained, closed.

Each client goes on with the same cause until its command is answered, as a browser that posts its form again.
What was acknowledged is kept, to be found again in the log.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.intake import commands as intake
from services.intake import forms
from services.training import commands as training
from services.training.commands import forms as training_forms
from shared import clock
from shared.decisions import Refused
from shared.projection.reading import ViewNotReady
from shared.store import Accepted, Command, DatabaseUnchecked, Outcome, Store

AWAY = (
    DBAPIError,
    InterfaceError,
    PoolTimeout,
    DatabaseUnchecked,
    ViewNotReady,
    OSError,
    TimeoutError,
    ConnectionError,
)


@dataclass
class Load:
    """Some clients, until `stop` is set."""

    intake: Store
    training: Store
    seed: int = 1
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Cause of each acknowledged command, and the ids of its facts."""
    retries: int = 0
    unchecked: int = 0
    """How many of these because the database may be an earlier backup."""
    refusals: dict[str, int] = field(default_factory=dict)
    course: str = ""

    async def run(self, clients: int) -> None:
        """Opens a course and lets the clients work."""
        today = clock.today()
        proposed = await self.say(
            self.training,
            lambda command: training.propose_course(
                self.training,
                command,
                training_forms.ProposalForm.model_validate(
                    {
                        "line": "2a", "topic": "cv", "hours": 10, "seats": 100, "starts_on": today, "ends_on": today,
                        "provider": "ente-1", "title": "Curriculum", "on": today,
                    }
                ),
            ),
        )  # fmt: skip
        assert isinstance(proposed, Accepted), proposed
        self.course = proposed.events[0].event.subject
        day = training_forms.DayForm.model_validate({"on": today})
        await self.say(self.training, lambda c: training.activate_course(self.training, c, self.course, day))
        await asyncio.gather(*(self._client(random.Random(f"{self.seed}/{n}"), n) for n in range(clients)))

    async def say(self, store: Store, run: Callable[[Command], Awaitable[Outcome]]) -> Outcome:
        """Commands until there is an answer."""
        cause = str(uuid.uuid4())
        while True:
            try:
                outcome = await run(Command(cause, "u-elena.conti", clock.now()))
            except AWAY as error:
                self.retries += 1
                self.unchecked += isinstance(error, DatabaseUnchecked)
                await asyncio.sleep(0.2)
                continue
            if isinstance(outcome, Refused):
                self.refusals[outcome.code] = self.refusals.get(outcome.code, 0) + 1
            else:
                self.acknowledged[cause] = tuple(r.meta.id for r in outcome.events)
            return outcome

    async def _client(self, chance: random.Random, n: int) -> None:
        turn = 0
        while not self.stop.is_set():
            turn += 1
            await self._pathway(chance, f"Prova {n}-{turn}", clock.today())
            await asyncio.sleep(chance.uniform(0.05, 0.3))

    async def _pathway(self, chance: random.Random, name: str, today: date) -> None:
        register = forms.RegisterForm.model_validate(
            {
                "family_name": name.replace(" ", "").translate(str.maketrans("0123456789-", "abcdefghijk")),
                "given_name": "Amina", "birth_date": "1984-03-02", "sex": "F", "citizenship": "IT",
                "municipality": "037006", "quartiere": "navile", "education": "vocational", "channel": "desk",
                "on": today, "declared": True, "another_person": True,
            }
        )  # fmt: skip
        registered = await self.say(self.intake, lambda c: intake.register(self.intake, c, register))
        if isinstance(registered, Refused):
            return
        person = registered.events[0].event.subject
        status = forms.StatusForm.model_validate(
            {
                "work": "unemployed", "immediately_available": True, "evidence": "self_declaration",
                "evidence_on": today, "on": today,
            }
        )  # fmt: skip
        measures = forms.MeasuresForm.model_validate(
            {"measure": "none", "evidence": "self_declaration", "evidence_on": today, "on": today}
        )
        interview = forms.InterviewForm.model_validate({"mode": "phone", "notes": "colloquio", "on": today})
        finding = forms.FragilityForm.model_validate(
            {"dimensions": ["work", "social"], "reasons": "fragile", "on": today}
        )
        charge = forms.ChargeForm.model_validate(
            {"case_manager": "u-elena.conti", "readiness": "to_train", "reasons": "fragile", "on": today}
        )
        plan = forms.PlanForm.model_validate({"directions": ["training"], "due_dates": [today], "on": today})
        for step in (
            lambda c: intake.check_status(self.intake, c, person, status),
            lambda c: intake.check_measures(self.intake, c, person, measures),
            lambda c: intake.hold_interview(self.intake, c, person, interview),
            lambda c: intake.find_fragility(self.intake, c, person, finding),
            lambda c: intake.take_in_charge(self.intake, c, person, charge, ["u-elena.conti"]),
            lambda c: intake.agree_plan(self.intake, c, person, plan),
        ):
            if isinstance(await self.say(self.intake, step), Refused) or self.stop.is_set():
                return
        if chance.random() < 0.7:
            form = training_forms.EnrolForm.model_validate({"person_id": person, "on": today})
            await self.say(self.training, lambda c: training.enrol(self.training, c, self.course, form))
        if chance.random() < 0.5:
            closing = forms.CloseForm.model_validate({"outcome": "withdrew", "on": today})
            await self.say(self.intake, lambda c: intake.close(self.intake, c, person, closing))
