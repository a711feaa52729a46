"""A small population through the real stores and the real log, and the whole scenario once."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.reporting.domain import half_year
from services.reporting.domain.figures import COUNTED
from services.simulate import cli, plan
from services.simulate.plan import Day
from services.simulate.play import StepRefused
from services.simulate.run import Busy, NotEmpty, Simulation, simulate
from shared import clock, export
from shared.corrections import effective
from shared.events import PARTITIONS
from shared.events.base import REGISTRY
from shared.settings import settings
from shared.worker import leadership
from tests.fixtures.platform import Platform, Running
from tests.unit.test_simulate_plan import PUBLISHED, published

FIRST, LAST = date(2023, 3, 1), date(2023, 6, 15)
STORY = "select stream_id, type, version, event_id::text, recorded_at, actor, data from events order by 1, version"


def small(seed: int = 3, people: int = 14) -> list[Day]:
    return plan.population(FIRST, LAST, people, seed)


async def played(running: Running, days: Sequence[Day]) -> int:
    """Plays the plan with the workers of the test's platform."""
    simulation = Simulation(list(running.workers.values()))
    for worker in simulation.workers:
        worker.now = worker.reader.now = lambda: simulation.now
    return await simulation.run(days)


async def story(running: Running) -> dict[tuple[str, str], list[Any]]:
    """Every stream of every service, without what is random by design: the vault's commitments, which blind
    the sealed texts, at the end of each reference."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for name, worker in running.workers.items():
        async with worker.store.engine.connect() as conn:
            for stream, type_, version, id_, at, actor, data in await conn.execute(text(STORY)):
                found[name, stream].append((type_, version, id_, at, actor, _plain(orjson.loads(data))))
    return found


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case str() if value.count(":") == 2 and len(value) > 100:
            return value.rsplit(":", 1)[0]
        case _:
            return value


async def test_the_same_seed_gives_the_same_history_and_no_decision_refuses(platform: Platform) -> None:
    one, two = await platform(), await platform()
    days = small()
    steps = sum(len(group) for _, group in days)
    assert await played(one, days) == steps
    assert await played(two, small()) == steps
    told = await story(one)
    assert told == await story(two)
    assert {service for service, _ in told} >= {"intake", "matching"}
    for worker in one.workers.values():
        assert await worker.reader.lag() == 0
        assert worker.reader.stopped is None
        assert not worker.reader.parked_keys


async def test_a_run_that_was_cut_off_is_finished_by_the_next_one(platform: Platform) -> None:
    whole, cut = await platform(), await platform()
    days = small()
    await played(whole, days)
    half = next(n for n, (_, group) in enumerate(days) if n > 20 and len({step.service for step in group}) > 1)
    day, group = days[half]
    # As a kill in the middle of a day leaves it: the commands of the first service are committed, no others.
    await played(cut, [*days[:half], (day, [step for step in group if step.service == group[0].service])])
    assert await played(cut, days) > 0
    assert await story(cut) == await story(whole)
    assert await played(cut, days) == 0


async def test_a_platform_with_anything_else_is_refused(platform: Platform) -> None:
    running = await platform()
    await played(running, small(seed=1, people=3))
    with pytest.raises(NotEmpty, match="non è vuota"):
        await played(running, small(seed=2, people=3))


async def test_a_refusal_ends_the_run_and_names_the_command(platform: Platform) -> None:
    running = await platform()
    day, group = next(each for each in small(people=3) if any(step.name == "register_company" for step in each[1]))
    wrong = [
        replace(step, values=step.values | {"vat_number": "12345678901"}) if step.name == "register_company" else step
        for step in group
    ]
    with pytest.raises(StepRefused, match=r"matching\.register_company.* vat_number"):
        await played(running, [(day, wrong)])
    assert not [key for key in await story(running) if key[0] == "matching"]


async def test_it_does_not_run_beside_an_active_worker(platform: Platform) -> None:
    running = await platform()
    async with leadership(running.store("matching")):
        with pytest.raises(Busy, match="matching"):
            await simulate(small(people=2), running.settings)
    assert await simulate(small(people=2), running.settings) > 0


def test_outside_demonstration_mode_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "settings", replace(settings, mode="production"))
    assert cli.main(["--load", "h1-2024"]) == 2
    assert "modalità dimostrativa" in capsys.readouterr().err


async def test_the_export_holds_every_fact_once_in_the_order_of_its_partition(platform: Platform) -> None:
    running = await platform()
    await played(running, small())
    out = io.BytesIO()
    written, left_out = await export.export(running.log, out, list(PARTITIONS))
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    facts = sum(len(each) for each in (await story(running)).values())
    assert (written, left_out, len({line["id"] for line in lines})) == (facts, 0, facts)
    last: dict[tuple[str, str, int], int] = defaultdict(int)
    for line in lines:
        assert line["specversion"] == "1.0"
        REGISTRY[line["type"]].model_validate(line["data"])
        place = (line["source"], line["topic"], line["partition"])
        assert line["number"] == last[place] + 1
        last[place] += 1
    until = io.BytesIO()
    fewer, _ = await export.export(running.log, until, ["pathway"], until=date(2023, 4, 15))
    assert 0 < fewer < sum(line["topic"] == "pathway" for line in lines)


@pytest.mark.slow
@pytest.mark.kafka
async def test_the_scenario_shows_the_published_half_year(platform: Platform) -> None:
    running = await platform(log="kafka")
    assert await simulate(plan.h1_2024(cli.SEED), running.settings) > 10_000
    async with running.store("reporting").read() as reading:
        recorded = await reading.facts()
    start, end = date(2024, 1, 1), date(2024, 6, 30)
    figures = half_year([r.event for r in effective(recorded) if isinstance(r.event, COUNTED)], start, end)
    assert published(figures) == PUBLISHED
    march = [r for r in recorded if clock.civil(r.meta.time) <= date(2024, 3, 31)]
    as_of = half_year([r.event for r in effective(march) if isinstance(r.event, COUNTED)], start, end)
    assert (as_of.placements, as_of.permanent, as_of.fixed_term) == (152, 29, 87)
