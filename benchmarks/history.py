"""A long history, written straight into the log in the form that the relays give it: numbered and chained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from shared.envelope import Meta, message, ordinal_id
from shared.events import PARTITIONS, Event, intake, matching
from shared.log import Log, Message, partition_of

START = datetime(2023, 7, 3, 8, 0, tzinfo=UTC)
SPACE = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
REFERENCE = "3f2b8c1e-7a4d-5e6f-8a9b-0c1d2e3f4a5b:1:" + "cd" * 32


def _id(*parts: object) -> str:
    return ordinal_id(SPACE, "/".join(map(str, parts)))


def pathway(n: int) -> list[tuple[str, Event]]:
    """Twelve facts of one person: source and fact."""
    person, company, vacancy = _id("person", n), _id("company", n % 150), _id("vacancy", n % 400)
    on = date(2023, 7, 3) + timedelta(days=n % 330)
    placement = _id("placement", n)
    registered = intake.PersonRegistered(
        on=on, person_id=person, episode=1, channel="web", entry="questionnaire", age_band="30-39",
        sex="F" if n % 2 else "M", citizenship_area="italy", education="vocational", district="citta-di-bologna",
        union=None, in_capital=True, identity=REFERENCE,
    )  # fmt: skip
    names: tuple[Literal["domicile", "status", "measures"], ...] = ("domicile", "status", "measures")
    checks = tuple(
        intake.EligibilityChecked(
            on=on, person_id=person, check=check, outcome="passed", evidence="self_declaration", evidence_on=on,
            reason="ok",
        )
        for check in names
    )  # fmt: skip
    action = intake.PlanAction(action_id=_id("action", n), direction="matching", due_on=on)
    mine: list[Event] = [
        registered,
        *checks,
        intake.InterviewHeld(on=on, person_id=person, interview_id=_id("interview", n), mode="in_person"),
        intake.TakenInCharge(
            on=on, person_id=person, case_manager="u-elena.conti", readiness="ready", reasons=REFERENCE
        ),
        intake.PlanAgreed(on=on, person_id=person, plan_id=_id("plan", n), actions=(action,)),
    ]
    theirs: list[Event] = [
        matching.Shortlisted(
            on=on, person_id=person, vacancy_id=vacancy, selection_id=_id("selection", n % 400), company_id=company
        ),
        matching.Presented(on=on, person_id=person, vacancy_id=vacancy, company_id=company),
        matching.PlacementStarted(
            on=on, person_id=person, placement_id=placement, company_id=company, vacancy_id=None,
            contract="fixed_term", ends_on=on + timedelta(days=90),
        ),
        matching.PlacementEnded(on=on, person_id=person, placement_id=placement, company_id=company, reason="term"),
    ]  # fmt: skip
    last: Event = intake.PathwayClosed(on=on, person_id=person, outcome="autonomous")
    return [*(("intake", e) for e in mine), *(("matching", e) for e in theirs), ("intake", last)]


def messages(people: int, rounds: int = 1) -> Iterator[tuple[str, int, Message]]:
    """The records of `people` pathways. Further `rounds` add facts to the same people: more events, no more rows."""
    last: dict[tuple[str, str, int], tuple[int, str]] = {}
    count = 0
    for turn in range(rounds):
        for n in range(people):
            facts = (
                pathway(n) if turn == 0 else [f for f in pathway(n) if not isinstance(f[1], intake.PersonRegistered)]
            )
            for source, event in facts:
                partition = partition_of(event.subject, PARTITIONS[event.TOPIC])
                number, before = last.get((source, event.TOPIC, partition), (0, ""))
                event_id = _id("fact", turn, n, count)
                count += 1
                meta = Meta(
                    id=event_id, source=source, type=event.TYPE, type_version=event.VERSION, subject=event.subject,
                    time=START + timedelta(seconds=count), topic=event.TOPIC, partition=partition, number=number + 1,
                    predecessor=before or None, actor="u-elena.conti", cause=event_id, correlation=event_id,
                    causation=None, hops=0,
                )  # fmt: skip
                last[source, event.TOPIC, partition] = (number + 1, event_id)
                yield event.TOPIC, partition, message(meta, event.__pydantic_serializer__.to_json(event))


async def write(log: Log, people: int, rounds: int = 1) -> int:
    """Appends the history; returns how many records."""
    waiting: dict[tuple[str, int], list[Message]] = {}
    total = 0
    for topic, partition, one in messages(people, rounds):
        batch = waiting.setdefault((topic, partition), [])
        batch.append(one)
        total += 1
        if len(batch) >= 1000:
            await log.append(topic, partition, batch, 60)
            batch.clear()
    for (topic, partition), batch in waiting.items():
        if batch:
            await log.append(topic, partition, batch, 60)
    return total
