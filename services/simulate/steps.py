"""The steps of a plan: one command of one service, with the day on which somebody records it."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.simulate import workdays
from shared.envelope import ordinal_id

NAMESPACE = uuid.UUID("5a0c9f6e-1a2b-5c3d-8e4f-6a7b8c9d0e1f")
RANKS: dict[str, int] = {
    name: rank
    for rank, names in enumerate((
        "set_budget register register_company propose_course submit_project",
        "check_domicile check_status check_measures open_vacancy link_vacancy judge_project",
        "hold_interview open_selection activate_course refuse_funding approve_funding",
        "take_in_charge shortlist enrol make_payment",
        "agree_plan present leave complete",
        "correct_fact answer_presentation end_placement",
        "start_placement",
        "extend_placement",
        "cancel_placement correct_person",
        "close_vacancy close",
    ))
    for name in names.split()
}  # fmt: skip
"""The order of the commands of one service within a day: what another one rests on comes first."""
DELAYS = {"soon": (0, 0, 0, 0, 1), "late": (0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8)}
"""Working days between a fact and its recording: desks report soon, companies late."""


@dataclass(frozen=True, slots=True)
class Step:
    """`target`: ids that the command takes beside its form; `values`: the form."""

    recorded: date
    service: str
    name: str
    cause: str
    actor: str
    target: tuple[str, ...]
    values: dict[str, Any]
    number: int

    @property
    def on(self) -> date | None:
        """Civil date of the fact; none for a correction, which happens when it is recorded."""
        on: date | None = self.values.get("on")
        return on


@dataclass
class Script:
    """A plan that is being written. What would be recorded after `last` is left out: it has not happened yet."""

    name: str
    seed: int
    last: date
    rng: random.Random
    steps: list[Step] = field(default_factory=list)

    def cause(self, command: str, key: str) -> str:
        """The cause of a command: the same in every run of the same plan."""
        return str(uuid.uuid5(NAMESPACE, f"{self.name}/{self.seed}/{command}/{key}"))

    def id_of(self, command: str, key: str, thing: str) -> str:
        """The id of the thing that the command makes (as `Unit.new_id` does)."""
        return ordinal_id(self.cause(command, key), thing)

    def recorded(self, on: date, earliest: date | None = None, pace: str = "soon") -> date:
        """When a fact of `on` is recorded: some working days later, within its quarter, not before `earliest`."""
        base = workdays.at_or_after(on)
        day = max(base, min(workdays.later(base, self.rng.choice(DELAYS[pace])), workdays.quarter_end(on)))
        return day if earliest is None else max(day, workdays.at_or_after(earliest))

    def add(
        self, recorded: date, service: str, name: str, key: str, actor: str, target: tuple[str, ...],
        values: dict[str, Any],
    ) -> date:  # fmt: skip
        """Adds a step and returns the day on which it is recorded."""
        if recorded <= self.last:
            cause = self.cause(name, key)
            self.steps.append(Step(recorded, service, name, cause, actor, target, values, len(self.steps)))
        return recorded

    def between(self, first: date, last: date) -> date:
        """A working day between the two."""
        days = workdays.between(first, last)
        return self.rng.choice(days) if days else workdays.at_or_after(first)
