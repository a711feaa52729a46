"""Who is reading, and what they may do: role x action x scope, all data (`roles.json`)."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from shared.web.problems import Forbidden, Problem, SignedOut
from shared.web.scopes import ALL, OUTSIDE, Scoped, within
from shared.web.scopes import WORDS as SCOPE_WORDS

HERE = Path(__file__).parent
SENT_AS = ("application/json", "application/x-www-form-urlencoded")
"""How a program and a page send what names things; a file comes with the address alone."""


@dataclass(frozen=True)
class Here:
    """The things that a request's address names, and the service that knows whose they are."""

    service: str = ""
    things: tuple[Scoped, ...] = ()


NOWHERE = Here()


@dataclass(frozen=True)
class Reader:
    """Who is signed in. `account` ("u-elena.conti") is the actor of what they record.

    `districts` are those of whose people they work; empty means all of them.
    """

    account: str
    name: str
    role: str
    organisation: str
    districts: tuple[str, ...] = ()
    organisation_code: str = ""
    """The organisation as the directory knows it ("o-comune-imola"); "" where only the provider speaks of it."""
    here: Here = field(default=NOWHERE, compare=False, repr=False)
    """What the request is about, once `requires` has looked: `may` answers for that."""


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((HERE / "roles.json").read_text())
    return data


@cache
def actions() -> dict[str, str]:
    """Every action there is, with what it lets one do, in Italian."""
    return dict(_data()["actions"])


@cache
def roles() -> dict[str, str]:
    """Every role there is, with its Italian title."""
    return {role: entry["title"] for role, entry in _data()["roles"].items()}


@cache
def organisations() -> dict[str, dict[str, str]]:
    """The demonstration organisations: code -> name and kind."""
    return {e["code"]: e for e in json.loads((HERE / "organisations.json").read_text())}


@cache
def accounts() -> dict[str, Reader]:
    """The demonstration accounts, by account: in demonstration mode they are in the directory from the beginning."""
    readers = [
        Reader(
            e["account"], e["name"], e["role"], organisations()[e["organisation"]]["name"], tuple(e["districts"]),
            e["organisation"],
        )
        for e in json.loads((HERE / "accounts.json").read_text())
    ]  # fmt: skip
    return {reader.account: reader for reader in readers}


def scope_of(role: str, action: str) -> str | None:
    """How far the role's right to this action reaches; None: it has none. A name counts before a pattern.

    A role whose rights are a bare list has them on everything.
    """
    rights = _data()["roles"].get(role, {"actions": {}})["actions"]
    if not isinstance(rights, dict):
        rights = dict.fromkeys(rights, ALL)
    if action in rights:
        return str(rights[action])
    return next((str(scope) for pattern, scope in rights.items() if fnmatchcase(action, pattern)), None)


@cache
def role_may(role: str, action: str) -> bool:
    """Whether the role may do this on something; an unknown role may do nothing."""
    return scope_of(role, action) is not None


@cache
def glass_actions() -> frozenset[str]:
    """What is open, on one person and for a time, to who broke the glass and has the right elsewhere."""
    return frozenset(_data()["glass"])


def rights_table() -> dict[str, list[tuple[str, dict[str, str]]]]:
    """Service -> its actions in words, each with role -> how far its right reaches, in words."""
    found: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for action, words in actions().items():
        reach = {role: SCOPE_WORDS[scope] for role in roles() if (scope := scope_of(role, action)) is not None}
        found.setdefault(action.partition(".")[0], []).append((words, reach))
    return found


def may(reader: Reader | None, action: str) -> bool:
    """Whether this reader may do this: on what the request is about, where it is about something, else on something.

    Signed out, nobody may do anything.
    """
    if reader is None or not role_may(reader.role, action):
        return False
    return reader.here.service != action.partition(".")[0] or may_on(reader, action, *reader.here.things)


def may_on(reader: Reader, action: str, *things: Scoped) -> bool:
    """Whether this reader may do this on all of these things."""
    scope = scope_of(reader.role, action)
    if scope is None:
        return False
    glass = reader.account if action in glass_actions() else None
    return all(within(reader, scope, thing) or glass in thing.opened_to for thing in things)


def current(request: Request) -> Reader | None:
    """Who is signed in, if anybody; within a route, with what its address names."""
    session = getattr(request.state, "session", None)
    if session is None:
        return None
    reader: Reader = session.reader
    here = getattr(request.state, "here", NOWHERE)
    return replace(reader, here=here) if here is not NOWHERE else reader


def requires(action: str) -> Any:
    """The dependency that lets in who may do `action` on what the address names, and gives the Reader.

    Signed out: a page goes to the sign-in and comes back, an API answers 401. Without the right, or out of its scope:
    403. Which parts of an address, a query or a form name a thing, and whose it is, the service says
    (`scopes.Scopes`). Raises LookupError at import for an action that roles.json does not list.
    """
    if action not in actions():
        raise LookupError(f"the action {action!r} is not in shared/web/roles.json: add it, with its Italian words")

    async def check(request: Request) -> Reader:
        reader = current(request)
        if reader is None:
            barred = getattr(request.state, "barred", None)
            raise Problem(403, barred.code, barred.sentence) if barred else SignedOut()
        if not may(reader, action):
            raise Forbidden(f"Il tuo ruolo non permette di {actions()[action]}.")
        request.state.action = action
        scopes = getattr(request.app.state, "scopes", None)
        if scopes is not None and _narrow(reader.role, action.partition(".")[0]):
            named = [(p, str(request.path_params[p])) for p in scopes.objects if p in request.path_params]
            things = await _things(request, reader, action, named)
            if scope_of(reader.role, action) != ALL:
                await _things(request, reader, action, await _typed(request, scopes.objects))
            request.state.here = Here(request.app.state.service, tuple(things))
            return replace(reader, here=request.state.here)
        return reader

    check.action = action  # type: ignore[attr-defined]  # read by `walk`: functions carry attributes
    return Depends(check)


def _narrow(role: str, service: str) -> bool:
    """Whether a right of this role in this service reaches less than everything, so that one has to look."""
    return any(scope_of(role, action) not in (None, ALL) for action in actions() if action.startswith(f"{service}."))


async def _typed(request: Request, objects: Mapping[str, str]) -> list[tuple[str, str]]:
    """The things that the query or what was sent names, beside the address: for a form they decide as much as it."""
    found = [(name, value) for name, value in request.query_params.multi_items() if name in objects]
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    sent: list[tuple[str, Any]] = []
    if request.method in ("GET", "HEAD") or kind not in SENT_AS:
        return found
    try:
        if kind == SENT_AS[0] and isinstance(body := await request.json(), dict):
            sent = list(body.items())
        elif kind == SENT_AS[1]:
            sent = list((await request.form()).multi_items())
    except ValueError:
        return found  # the route says what is wrong with it
    for name, value in sent:
        values = value if isinstance(value, list) else [value]
        found += [(name, one) for one in values if name in objects and isinstance(one, str) and one]
    return found


async def _things(request: Request, reader: Reader, action: str, named: Iterable[tuple[str, str]]) -> list[Scoped]:
    """Whose these things are; those that do not exist are left to the route. Raises Forbidden."""
    state, found = request.app.state, []
    for part, id_ in named:
        kind = state.scopes.objects[part]
        thing = await state.whose(kind, id_, False)
        if thing is not None and not may_on(reader, action, thing):
            # What the views say is a moment old: before somebody is refused, the facts themselves are asked.
            thing = await state.whose(kind, id_, True)
        if thing is None:
            continue
        if not may_on(reader, action, thing):
            raise _outside(reader, action, kind, id_)
        found.append(thing)
    return found


def _outside(reader: Reader, action: str, kind: str, id_: str) -> Forbidden:
    scope = str(scope_of(reader.role, action))
    why = OUTSIDE.get(scope, scope)
    if kind != "person":
        return Forbidden(f"Il tuo ruolo non permette di {actions()[action]} qui: {why}.")
    glass = action in glass_actions() and may(reader, "intake.break_glass")
    more = {"glass": f"/intake/persone/{id_}/emergenza"} if glass else {}
    return Forbidden(f"Questa persona {why}: non puoi {actions()[action]}.", **more)


def anybody(check: Callable[..., Awaitable[Any]]) -> Any:
    """The dependency of a route that is open without sign-in, on purpose; `check` says how often and how much.

    A form behind it still carries a CSRF token, tied to the visit (see `sessions.visit`).
    """
    check.__dict__["anybody"] = True
    return Depends(check)


@dataclass(frozen=True)
class Door:
    """One way in: a path with the methods it takes, and the action that it needs (None: open to all).

    `anybody`: a route that says so itself; without it a service's route must name an action.
    """

    path: str
    methods: frozenset[str]
    action: str | None
    route: APIRoute | None
    anybody: bool = False

    @property
    def parts(self) -> list[str]:
        """The parts of the path that stand for something, in their order."""
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)


def _actions_in(dependant: Any) -> Iterator[str]:
    for inner in dependant.dependencies:
        action = getattr(inner.call, "action", None)
        if isinstance(action, str):
            yield action
        yield from _actions_in(inner)


def _open(dependant: Any) -> bool:
    return any(getattr(inner.call, "anybody", False) or _open(inner) for inner in dependant.dependencies)


def walk(app: Starlette, prefix: str = "") -> list[Door]:
    """Every door of an application and of those mounted in it, for tests and for the OpenAPI document.

    Raises ValueError for a door that names two actions, or one although it is open: nobody could say what it needs.
    """
    return _walk(app.routes, prefix)


def _walk(routes: Sequence[BaseRoute], prefix: str) -> list[Door]:
    doors: list[Door] = []
    for context in iter_route_contexts(routes):
        route = context.original_route
        if isinstance(route, Mount):
            doors += _walk(route.routes, prefix + route.path)
            continue
        path = prefix + str(context.path or getattr(route, "path", ""))
        if not isinstance(route, APIRoute):
            doors.append(Door(path, frozenset(getattr(route, "methods", None) or ()), None, None))
            continue
        found = set(_actions_in(context.dependant))
        if len(found) > 1:
            raise ValueError(f"{path} names more than one action: {sorted(found)}")
        opened = _open(context.dependant)
        if found and opened:
            raise ValueError(f"{path} is open to anybody and names an action: {sorted(found)}")
        doors.append(Door(path, frozenset(context.methods or ()), found.pop() if found else None, route, opened))
    return doors
