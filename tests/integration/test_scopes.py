"""Role x action x scope, tried: every id-taking door of every service with somebody else's thing and with one's own."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from shared import clock
from shared.decisions import Decision, Stream
from shared.events import SERVICES, Event
from shared.events.enterprise import ProjectSubmitted
from shared.events.intake import ContactReceived, GroupSessionPlanned, OperatorAbsent, PersonRegistered, TakenInCharge
from shared.events.matching import CompanyRegistered, PlacementStarted, VacancyOpened
from shared.events.training import CourseProposed
from shared.store import Store, Unit
from shared.web.app import service_app
from shared.web.readers import Door, Reader, accounts, requires, scope_of, walk
from shared.web.scopes import ALL, OWN_CASES, OWN_DISTRICT, Scoped, Scopes
from shared.web.site import site
from tests.contracts.publish import example
from tests.fixtures.platform import Platform, Running, accepted
from tests.fixtures.population import site_of
from tests.integration.test_every_route import browser, doors_of, knock

ELENA, GIULIA, DAVIDE, SARA, PAOLO, IRENE = (
    "u-elena.conti", "u-giulia.rossi", "u-davide.neri", "u-sara.galli", "u-paolo.monti", "u-irene.villa",
)  # fmt: skip
BOLOGNA, APPENNINO = "citta-di-bologna", "appennino-bolognese"
SHARED = {
    "intake.sample": "i controlli a campione riguardano tutto il programma",
    "intake.break_glass": "serve proprio per chi non si segue: il modulo non dice nulla della persona",
    "intake.accesses": "il responsabile della protezione dei dati guarda tutto",
    "matching.view": "aziende, ricerche e candidati senza nome sono di tutto il programma",
    "matching.shortlist": "ogni operatore propone i propri candidati a ogni ricerca",
    "matching.present": "come sopra",
    "matching.place": "come sopra",
    "training.view": "i corsi sono di tutto il programma, le persone vi stanno senza nome",
    "training.export": "come sopra",
    "reporting.pathway": "percorsi senza nome, di tutto il programma",
    "enterprise.judge": "il comitato giudica ogni progetto",
    "enterprise.approve": "il comitato decide su ogni progetto",
    "enterprise.pay": "un solo ufficio paga",
    "enterprise.correct": "un solo ufficio corregge",
}
"""Actions whose scope is everything for all who have them, and why: their doors look at no object."""
BY_FORM = {
    "/training/corsi/{course_id}/iscrivi", "/training/corsi/{course_id}/iscrivi-codice",
    "/training/api/courses/{course_id}/people",
}  # fmt: skip
"""Doors at which the form names the case: tried below."""
SPOKEN_ELSEWHERE = ("intake.accounts",)
"""Actions of the directory: its own tests try them."""
NOT_JUDGED = {(OWN_CASES, "course"), (OWN_DISTRICT, "absence")}
"""A course is nobody's case; an operator's absence is of no district: the desks arrange them together."""


@dataclass
class World:
    """Each kind of thing twice: of Bologna and of its organisations, and of somebody else."""

    mine: dict[str, str] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)


def fact(type_: type[Event], **changes: Any) -> Event:
    """A fact as its contract has it, with these values."""
    return type_.model_validate(example(type_) | changes)


async def say(store: Store, running: Running, actor: str, *facts: Event) -> str:
    """Records facts of one stream; the id of the first."""

    async def decide(unit: Unit) -> Decision:
        await unit.states(Stream(facts[0].subject, None, lambda state, _: state))
        return list(facts)

    return accepted(await store.execute(running.command(actor), decide)).events[0].meta.id


async def side(running: Running, manager: str | None, district: str, desk: str, brought: str) -> dict[str, str]:
    """One of each kind."""
    new = {
        kind: str(uuid.uuid4())
        for kind in ("person", "contact", "session", "absence", "import", "company", "vacancy", "placement", "course",
                     "project")
    }  # fmt: skip
    operator, person = manager or ELENA, new["person"]
    intake, matching = running.store("intake"), running.store("matching")
    facts = [fact(PersonRegistered, person_id=person, district=district, episode=1)]
    if manager is not None:
        facts.append(fact(TakenInCharge, person_id=person, case_manager=manager))
    await say(intake, running, operator, *facts)
    await say(intake, running, operator, fact(ContactReceived, contact_id=new["contact"], district=district))
    await say(
        intake, running, operator,
        fact(GroupSessionPlanned, session_id=new["session"], desk=desk, operator=operator),
    )  # fmt: skip
    week = f"operator:{operator}:2024-w11"
    await say(
        intake, running, operator, fact(OperatorAbsent, absence_id=new["absence"], operator=operator, week_id=week)
    )
    async with intake.engine.begin() as conn:
        await conn.execute(
            text("insert into imports values (cast(:id as uuid), 'questionnaire', :account, :at, null, false, 0, 0)"),
            {"id": new["import"], "account": operator, "at": clock.now()},
        )
    new["fact"] = await say(matching, running, brought, fact(CompanyRegistered, company_id=new["company"]))
    opened = fact(VacancyOpened, vacancy_id=new["vacancy"], company_id=new["company"])
    await say(matching, running, brought, opened)
    placed = {"person_id": person, "placement_id": new["placement"], "company_id": new["company"], "vacancy_id": None}
    await say(matching, running, brought, fact(PlacementStarted, **placed))
    course = fact(CourseProposed, course_id=new["course"])
    await say(running.store("training"), running, IRENE if brought == SARA else brought, course)
    project = fact(ProjectSubmitted, project_id=new["project"], person_id=person, organisation_id=None)
    await say(running.store("enterprise"), running, operator, project)
    return new | {"desk": desk}


@pytest.fixture
async def running(platform: Platform) -> Running:
    made = await platform()
    made.now = clock.now()
    return made


def readers() -> list[Reader]:
    """One of each role whose rights are narrower than everything; the case manager with districts, to see them too."""
    known = accounts()
    return [known[ELENA], replace(known[GIULIA], districts=(BOLOGNA,)), known[SARA], known[IRENE]]


async def world_of(running: Running, reader: Reader) -> World:
    """What is the reader's, and what is somebody else's."""
    manager = reader.account if reader.role == "case_manager" else None
    world = World(
        await side(running, manager, BOLOGNA, "malvezzi", SARA),
        await side(running, DAVIDE, APPENNINO, "appennino", PAOLO),
    )
    await running.quiet()
    return world


def judged(app: FastAPI, door: Door, reader: Reader) -> dict[str, str]:
    """The parts of the door's path about which this reader's scope says something: part -> kind."""
    scope = scope_of(reader.role, str(door.action))
    if scope in (None, ALL):
        return {}
    scopes: Scopes = app.state.services[door.path.split("/")[1]].state.scopes
    kinds = {part: scopes.objects[part] for part in door.parts if part in scopes.objects}
    return {part: kind for part, kind in kinds.items() if (scope, kind) not in NOT_JUDGED}


async def tried(app: FastAPI, running: Running) -> tuple[list[str], set[str]]:
    """What is not as it should be, and the doors at which somebody was refused."""
    wrong, refusing = [], set()
    for reader in readers():
        world = await world_of(running, reader)
        for door, method in doors_of(app):
            if door.action is None or not (kinds := judged(app, door, reader)):
                continue
            scopes: Scopes = app.state.services[door.path.split("/")[1]].state.scopes
            for whose, things in (("theirs", world.theirs), ("mine", world.mine)):
                parts = {p: things[k] for p, k in scopes.objects.items() if k in things}
                status = (await knock(app, door, method, reader, parts)).status
                refused = status in (403, 404) if whose == "theirs" else status == 403
                if refused != (whose == "theirs"):
                    wrong.append(f"{method} {door.path} {reader.role}: {whose} gives {status} ({kinds})")
                elif refused:
                    refusing.add(door.path)
    return wrong, refusing


@pytest.mark.slow
async def test_every_id_taking_door_refuses_what_is_somebody_elses(running: Running) -> None:
    app = site_of(running)
    wrong, refusing = await tried(app, running)
    assert wrong == []
    unlooked = {
        str(door.action)
        for door, _ in doors_of(app)
        if door.action is not None and door.path not in refusing | BY_FORM and _things(app, door)
        if not door.action.startswith(SPOKEN_ELSEWHERE)
    }
    assert unlooked - set(SHARED) == set(), "a door that takes an id and refuses nobody"
    assert set(SHARED) - unlooked == set(), "an exception that is none any more"


def _things(app: FastAPI, door: Door) -> list[str]:
    """The parts of the door's path that are somebody's: of the others the service says why they are not."""
    scopes: Scopes = app.state.services[door.path.split("/")[1]].state.scopes
    return [part for part in door.parts if part in scopes.objects]


async def test_the_trial_sees_a_door_that_looks_at_nothing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a service that knows nobody's things lets in everybody, and the trial says so."""
    app = site_of(running)
    monkeypatch.setattr(app.state.services["intake"].state, "whose", _everybodys)
    wrong, _ = await tried(app, running)
    assert any("/intake/persone/{person_id}" in one and "theirs gives" in one for one in wrong)
    assert not any("/training/" in one for one in wrong)


async def _everybodys(kind: str, id_: str, fresh: bool) -> Scoped | None:
    return Scoped()


def test_a_door_that_takes_an_id_of_which_nothing_was_said_is_no_door() -> None:
    pages = APIRouter()

    @pages.get("/segreti/{secret_id}")
    async def secret(secret_id: str, reader: Reader = requires("intake.view")) -> dict[str, str]:
        return {}

    with pytest.raises(RuntimeError, match="whose is secret_id"):
        service_app("intake", title="Prova", api=APIRouter(), pages=pages)
    made = service_app(
        "intake", title="Prova", api=APIRouter(), pages=pages, scopes=Scopes(free={"secret_id": "una prova"})
    )
    assert [door.path for door in walk(site({"intake": made})) if door.action] == ["/intake/segreti/{secret_id}"]


# What a form names, beside the address


async def test_what_a_form_or_a_query_names_is_looked_at_too(running: Running) -> None:
    app = site_of(running)
    theirs = await side(running, DAVIDE, APPENNINO, "appennino", PAOLO)
    mine = await side(running, GIULIA, BOLOGNA, "malvezzi", SARA)
    await running.quiet()
    key = {"idempotency-key": str(uuid.uuid4())}
    async with browser(app, GIULIA) as giulia:
        for person, refused in ((theirs["person"], True), (mine["person"], False)):
            asked = await giulia.get(f"/enterprise/projects/new?person={person}")
            assert (asked.status_code == 403) == refused
            course = f"/training/api/courses/{mine['course']}/people"
            enrolled = await giulia.post(course, json={"person_id": person, "on": "2024-03-20"}, headers=key)
            assert (enrolled.status_code == 403) == refused, enrolled.text
        assert (await giulia.get(f"/intake/messaggi?persona={theirs['person']}")).status_code == 403
        listed = {one["project_id"] for one in (await giulia.get("/enterprise/api/projects")).json()}
        assert listed == {mine["project"]}, "and a list shows what is in scope"
    async with browser(app, SARA) as sara:
        for company, refused in ((theirs["company"], True), (mine["company"], False)):
            vacancy = {"company_id": company, "occupation": "75", "contract": "fixed_term", "positions": 1}
            opened = await sara.post("/matching/api/vacancies", json=vacancy | {"on": "2024-03-20"}, headers=key)
            assert (opened.status_code == 403) == refused, opened.text


# Every command behind a right


UNASKED = {
    ("intake", "importing"): "the worker carries out an import that somebody with `intake.import` began",
    ("intake", "deadlines"): "what time alone makes happen",
    ("intake", "reactions"): "what another service's fact makes happen",
    ("intake", "region"): "what the Region says",
    ("reporting", "deadlines"): "what time alone makes happen",
}
"""Where a command is called from no route: service, module."""


def commands_of(service: str) -> dict[str, str]:
    """The service's command functions (they take a store and a command): name -> module."""
    found = {}
    for path in sources(service, "commands"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and [a.arg for a in node.args.args[:2]] == ["store", "command"]:
                found[node.name] = ".".join(path.with_suffix("").parts)
    return {name: module for name, module in found.items() if not name.startswith("_")}


def sources(service: str, *parts: str) -> list[Path]:
    root = Path("services") / service
    found = [*root.rglob("*.py")]
    return [path for path in found if not parts or path.relative_to(root).parts[0].removesuffix(".py") in parts]


def uses(path: Path, service: str, names: Mapping[str, str]) -> set[str]:
    """Which of the service's commands a module calls or hands on, by whatever name it imported them."""
    tree, home = ast.parse(path.read_text()), f"services.{service}.commands"
    modules, own = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for one in node.names:
                called = one.asname or one.name
                if f"{node.module}.{one.name}" == home or (node.module == home and one.name not in names):
                    modules.add(called)
                elif one.name in names and node.module in (home, names[one.name]):
                    own[called] = one.name
    found = {own[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in own}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found |= {node.attr} & set(names)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_every_command_is_reached_only_through_doors_with_a_right(service: str) -> None:
    """Pages and API have no door without an action (`service_app` raises) but the public ones, which are listed."""
    names = commands_of(service)
    assert names
    reached: set[str] = set()
    for path in sources(service):
        module = path.relative_to(Path("services") / service).parts[0].removesuffix(".py")
        used = uses(path, service, names)
        assert not used or module in ("pages", "api", "commands") or (service, module) in UNASKED, (path, used)
        reached |= used if module != "commands" or not path.name.startswith("__init__") else set()
    assert set(names) == reached, f"nobody calls {sorted(set(names) - reached)}"
