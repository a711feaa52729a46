"""Who is reading, and what they may do: role x action, both data (`roles.json`)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from shared.web.problems import Forbidden, SignedOut

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Reader:
    """Who is signed in. `account` ("u-elena.conti") is the actor of what they record.

    `districts` narrows what an operator follows by default; empty means all of them.
    """

    account: str
    name: str
    role: str
    organisation: str
    districts: tuple[str, ...] = ()


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
def accounts() -> dict[str, Reader]:
    """The demonstration accounts, by account."""
    entries = json.loads((HERE / "accounts.json").read_text())
    return {e["account"]: Reader(**(e | {"districts": tuple(e["districts"])})) for e in entries}


@cache
def role_may(role: str, action: str) -> bool:
    """Whether the role may do this; an unknown role may do nothing."""
    entry = _data()["roles"].get(role, {"actions": ()})
    return any(fnmatchcase(action, pattern) for pattern in entry["actions"])


def may(reader: Reader | None, action: str) -> bool:
    """Whether this reader may do this. Signed out, nobody may do anything."""
    return reader is not None and role_may(reader.role, action)


def current(request: Request) -> Reader | None:
    """Who is signed in, if anybody."""
    session = getattr(request.state, "session", None)
    return session.reader if session else None


def requires(action: str) -> Any:
    """The dependency that lets in who may do `action`, and gives the Reader.

    Signed out: a page goes to the sign-in and comes back, an API answers 401. Without the right: 403.
    Raises LookupError at import for an action that roles.json does not list.
    """
    if action not in actions():
        raise LookupError(f"the action {action!r} is not in shared/web/roles.json: add it, with its Italian words")

    async def check(request: Request) -> Reader:
        reader = current(request)
        if reader is None:
            raise SignedOut()
        if not may(reader, action):
            raise Forbidden(f"Il tuo ruolo non permette di {actions()[action]}.")
        request.state.action = action
        return reader

    check.action = action  # type: ignore[attr-defined]  # read by `action_of`: functions carry attributes
    return Depends(check)


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
