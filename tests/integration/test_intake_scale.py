"""Intake over many people: how many statements each page takes is bounded, and does not grow with the people.

Never a time: `python -m benchmarks --only f` measures those.
"""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI, Response

from benchmarks import intake_pages
from benchmarks.intake_fill import Filled, fill
from benchmarks.intake_life import GIULIA
from services.intake.app import create_app
from shared import clock
from shared.store import Store
from shared.web.app import get_store, service_app
from shared.web.readers import Reader, requires
from shared.web.site import site
from tests.fixtures.platform import Platform

FEW, MANY = 300, 1200
AT_MOST = 26
"""Statements of one page: the person's page, which has the most, takes eighteen for its cards, two to know whose the
person is (`services/intake/scopes.py`), two for the person's rights, and now and then three for the directory."""
MORE = 5
"""A search that finds somebody looks at them and whose they are too, which one over fewer people may not have had
to."""
MEASURED_AT_LEAST = 45
"""Pages that have something to show here: fewer, and the fill or the walk has lost some."""


async def counted(app: FastAPI, store: Store, filled: Filled) -> dict[str, int]:
    """Page -> how many statements it takes; those that answer with a page."""
    found: dict[str, int] = {}
    for number, (name, who, address) in enumerate(intake_pages.pages(app, filled)):
        account, answers = await intake_pages.knock(app, store.engine, who, address)
        assert all(one.status < 500 for one in answers), (name, [one.status for one in answers])
        if answers[-1].status == 200:
            async with intake_pages.browsing(app, account) as client:  # now and then one reads the directory anew
                again = await intake_pages.ask(client, store.engine, address)
            found[f"{number} {name.partition('?')[0]}"] = min(len(answers[-1].statements), len(again.statements))
    return found


async def _filled(platform: Platform, people: int) -> tuple[Store, Filled]:
    store = (await platform("intake")).store("intake")
    return store, await fill(store, people, clock.today())


def grown(few: dict[str, int], many: dict[str, int]) -> list[str]:
    """The pages that take more statements over more people."""
    return [f"{name}: {few[name]}, then {many[name]}" for name in few if many.get(name, 0) > few[name] + MORE]


async def test_no_page_takes_more_statements_over_more_people(platform: Platform) -> None:
    few_store, few_filled = await _filled(platform, FEW)
    many_store, many_filled = await _filled(platform, MANY)
    assert many_filled.facts > 10 * MANY
    few = await counted(intake_pages.app_of(few_store), few_store, few_filled)
    many = await counted(intake_pages.app_of(many_store), many_store, many_filled)
    assert len(many) >= MEASURED_AT_LEAST
    assert {name: count for name, count in many.items() if count > AT_MOST} == {}
    assert grown(few, many) == []
    async with many_store.read() as reading:
        rows = (await reading.conn.exec_driver_sql("select count(*) from events")).scalar_one()
    assert rows > 10 * MANY, "and the facts are really there"


async def test_the_count_sees_a_page_that_asks_once_for_each_row(platform: Platform) -> None:
    """The control: a page with a statement a case is found out."""
    store, _ = await _filled(platform, FEW)
    pages = APIRouter()

    @pages.get("/lente")
    async def slow(reader: Reader = requires("intake.view")) -> Response:
        async with store.read() as looked:
            for _ in range(30):
                await looked.conn.exec_driver_sql("select 1")
        return Response("ok")

    app = service_app("intake", title="Prova", api=APIRouter(), pages=pages)
    app.state.store = store
    app.dependency_overrides[get_store] = lambda: store
    whole = site({"intake": app})
    async with intake_pages.browsing(whole, GIULIA) as client:
        asked = await intake_pages.ask(client, store.engine, "/intake/lente")
    assert asked.status == 200
    assert len(asked.statements) > AT_MOST
    assert grown({"lente": 2}, {"lente": len(asked.statements)}) == ["lente: 2, then 31"]


@pytest.mark.parametrize("page", ["/agenda/proposte", "/", "/persone?q=rossi", "/persone/{person_id}"])
async def test_the_pages_that_used_to_be_slow_are_among_those_asked_for(page: str) -> None:
    filled = Filled(0, 0, {"person_id": "11111111-2222-4333-8444-555555555555"})
    assert page in [name for name, _, _ in intake_pages.pages(site({"intake": create_app()}), filled)]
