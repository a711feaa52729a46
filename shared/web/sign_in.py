"""Sign-in, in demonstration mode: one click on an account. Not for real data, hence not in production."""

from __future__ import annotations

import secrets
from itertools import groupby

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.settings import Settings, settings
from shared.web import sessions
from shared.web.forms import Errors, check_csrf, form
from shared.web.pages import page, safe_path
from shared.web.readers import accounts, current, roles


class Choice(BaseModel):
    """Who signs in, and where to go then."""

    account: str
    next: str = "/"


def router(current_settings: Settings = settings) -> APIRouter:
    """The routes of /sign-in. Raises SystemExit outside demonstration mode: these accounts have no password."""
    if current_settings.mode != "demo":
        raise SystemExit(
            "L'accesso dimostrativo non ha password e funziona solo con INSIEME_MODE=demo. In produzione occorre "
            "configurare un fornitore di identità OpenID Connect (SPID, CIE o dell'ente)."
        )
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/sign-in", choose, methods=["GET"])
    routes.add_api_route("/sign-in", enter, methods=["POST"])
    routes.add_api_route("/sign-in/out", leave, methods=["POST"])
    routes.add_api_route("/sign-in/renew", renew, methods=["GET"])
    return routes


async def choose(request: Request) -> Response:
    """The accounts, by role."""
    return _choices(request, request.query_params.get("next", "/"))


def _choices(request: Request, target: str, errors: Errors | None = None) -> Response:
    visit = request.cookies.get(sessions.VISIT) or secrets.token_hex(16)
    session = getattr(request.state, "session", None)
    people = sorted(accounts().values(), key=lambda reader: list(roles()).index(reader.role))
    by_role = [(roles()[role], list(group)) for role, group in groupby(people, key=lambda reader: reader.role)]
    response = page(
        request, "sign_in.html", title="Accedi", by_role=by_role, next=safe_path(target), errors=errors,
        csrf=sessions.csrf(session.id if session else visit),
    )  # fmt: skip
    response.headers.append("set-cookie", sessions.cookie(sessions.VISIT, visit, 3600))
    return response


async def enter(request: Request) -> Response:
    """Starts the session."""
    choice = await form(request, Choice)
    if isinstance(choice, Errors):
        return _choices(request, "/", choice)
    reader = accounts().get(choice.account)
    if reader is None:
        return _choices(request, choice.next, Errors({"account": "Questo utente dimostrativo non esiste."}))
    response = RedirectResponse(safe_path(choice.next), 303)
    seconds = int(sessions.IDLE.total_seconds())
    cookie = sessions.cookie(sessions.COOKIE, sessions.write(sessions.start(reader)), seconds)
    response.headers.append("set-cookie", cookie)
    response.headers.append("set-cookie", sessions.cookie(sessions.VISIT, "", 0))
    return response


async def leave(request: Request) -> Response:
    """Ends the session in this browser."""
    typed = await request.form()
    if current(request) is not None:
        check_csrf(request, typed.get("csrf"))
    response = RedirectResponse("/", 303)
    response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, "", 0))
    return response


async def renew(request: Request) -> Response:
    """Asked for by an open page while somebody types, so that a long form is not lost; the guard renews."""
    return Response(status_code=204 if current(request) else 401)
