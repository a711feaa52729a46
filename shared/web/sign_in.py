"""Sign-in: by the institution's OpenID provider or, in demonstration mode alone, one click on an account."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from urllib.parse import quote

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared import clock
from shared.settings import Settings, settings
from shared.web import directory, oidc, sessions, signing
from shared.web.forms import Errors, check_csrf, form
from shared.web.limits import COUNTERS, Limit, address_of
from shared.web.pages import page, safe_path
from shared.web.readers import accounts, current, roles
from shared.web.sign_ins import write_down

TRIES = Limit("sign-in", 60, 300)
"""Per address: an office of twenty people shares one."""
PENDING = sessions.PREFIX + "insieme-oidc"
"""The cookie that ties the provider's answer to the browser that asked."""


class Choice(BaseModel):
    """Who signs in, and where to go then."""

    account: str
    next: str = "/"


def router(current_settings: Settings = settings) -> APIRouter:
    """The routes of /sign-in. Raises SystemExit in production without a provider: the built-in accounts have no
    password."""
    provider = oidc.provider_of(current_settings)
    if provider is None and current_settings.mode != "demo":
        raise SystemExit(
            "L'accesso dimostrativo non ha password e funziona solo con INSIEME_MODE=demo. In produzione occorre "
            "configurare un fornitore di identità OpenID Connect (INSIEME_OIDC_ISSUER)."
        )
    if provider is not None and current_settings.mode != "demo" and not provider.issuer.startswith("https:"):
        raise SystemExit("In produzione il fornitore di identità (INSIEME_OIDC_ISSUER) deve essere raggiunto in https.")
    routes = APIRouter(include_in_schema=False)
    if provider is None:
        routes.add_api_route("/sign-in", choose, methods=["GET"])
        routes.add_api_route("/sign-in", enter, methods=["POST"])
    else:
        routes.add_api_route("/sign-in", offer, methods=["GET"])
        routes.add_api_route("/sign-in/start", leave_for_provider, methods=["GET"])
        routes.add_api_route("/sign-in/back", come_back, methods=["GET"])
    routes.add_api_route("/sign-in/out", leave, methods=["POST"])
    routes.add_api_route("/sign-in/renew", renew, methods=["GET"])
    return routes


def _count(request: Request) -> None:
    COUNTERS.take(TRIES, address_of(request), clock.now().timestamp())


def _enter(request: Request, session: sessions.Session, target: str) -> Response:
    target, entrance = safe_path(target), request.app.state.entrance
    if entrance and session.started == session.checked:  # a new one, and no journal here
        session = replace(session, noted=False)
    response = RedirectResponse(f"{entrance}?next={quote(target)}" if entrance else target, 303)
    seconds = int(sessions.IDLE.total_seconds())
    response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, sessions.write(session), seconds))
    response.headers.append("set-cookie", sessions.cookie(sessions.VISIT, "", 0))
    return response


# By the provider


async def offer(request: Request) -> Response:
    """Where one is told to sign in; one click leads to the provider."""
    return page(
        request,
        "sign_in_provider.html",
        title="Accedi",
        next=safe_path(request.query_params.get("next", "/")),
        refused="",
    )


async def leave_for_provider(request: Request) -> Response:
    """To the provider; `silent` asks it without showing anything whether the sign-in still stands."""
    _count(request)
    provider = request.app.state.provider
    target = safe_path(request.query_params.get("next", "/"))
    try:
        address, pending = await provider.begin(target, silent=request.query_params.get("silent") == "1")
    except oidc.SignInRefused as refused:
        return _refused(request, refused, target)
    response = RedirectResponse(address, 303)
    seconds = int(oidc.PENDING.total_seconds())
    response.headers.append("set-cookie", sessions.cookie(PENDING, pending, seconds))
    return response


async def come_back(request: Request) -> Response:
    """The provider's answer: the session starts, or goes on, or the reason why not is told."""
    _count(request)
    try:
        pending = signing.unsign("oidc", request.cookies.get(PENDING, ""))
    except signing.BadToken:
        return _refused(request, oidc.SignInRefused("pending", "L'accesso è scaduto: riprova da qui."), "/")
    session = getattr(request.state, "session", None)
    try:
        reader = await request.app.state.provider.finish(pending, dict(request.query_params))
    except oidc.SignInRefused as refused:
        if pending["silent"] and refused.code == "provider":  # login_required: over there the session has ended
            response: Response = RedirectResponse(f"/sign-in?next={quote(pending['next'])}", 303)
            response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, "", 0))
        else:
            await write_down(request, "failed", "", refused.code)
            response = _refused(request, refused, pending["next"])
        response.headers.append("set-cookie", sessions.cookie(PENDING, "", 0))
        return response
    admitted = directory.now().admit(reader)
    if isinstance(admitted, directory.Barred):
        await write_down(request, "failed", reader.account, admitted.code)
        response = _refused(request, oidc.SignInRefused(admitted.code, admitted.sentence), pending["next"])
        response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, "", 0))
    else:
        stands = sessions.checked(session, admitted) if session and pending["silent"] else sessions.start(admitted)
        if session is None or stands.id != session.id:
            await write_down(request, "in", admitted)
        response = _enter(request, stands, pending["next"])
    response.headers.append("set-cookie", sessions.cookie(PENDING, "", 0))
    return response


def _refused(request: Request, refused: oidc.SignInRefused, target: str) -> Response:
    status = 503 if isinstance(refused, oidc.ProviderAway) else 403
    return page(
        request, "sign_in_provider.html", status=status, title="Accesso non riuscito", next=target,
        refused=str(refused),
    )  # fmt: skip


# By one click, in demonstration mode


async def choose(request: Request) -> Response:
    """The accounts, by role."""
    return _choices(request, request.query_params.get("next", "/"))


def _choices(request: Request, target: str, errors: Errors | None = None) -> Response:
    visit = request.cookies.get(sessions.VISIT) or secrets.token_hex(16)
    session = getattr(request.state, "session", None)
    people = sorted(directory.now().readers.values(), key=lambda reader: list(roles()).index(reader.role))
    by_role = [(roles()[role], list(group)) for role, group in groupby(people, key=lambda reader: reader.role)]
    response = page(
        request, "sign_in.html", title="Accedi", by_role=by_role, next=safe_path(target), errors=errors,
        csrf=sessions.csrf(session.id if session else visit),
    )  # fmt: skip
    response.headers.append("set-cookie", sessions.cookie(sessions.VISIT, visit, 3600))
    return response


def _absent(account: str) -> str:
    known = account in accounts() or account in directory.now().rows
    return directory.DISABLED.sentence if known else "Questo utente dimostrativo non esiste."


async def enter(request: Request) -> Response:
    """Starts the session."""
    _count(request)
    choice = await form(request, Choice)
    if isinstance(choice, Errors):
        return _choices(request, "/", choice)
    reader = directory.now().readers.get(choice.account)
    if reader is None:
        await write_down(request, "failed", choice.account, "unknown")
        return _choices(request, choice.next, Errors({"account": _absent(choice.account)}))
    await write_down(request, "in", reader)
    return _enter(request, sessions.start(reader), choice.next)


# Both


async def leave(request: Request) -> Response:
    """Ends the session here and, where there is a provider, there."""
    typed = await request.form()
    session = getattr(request.state, "session", None)
    if session is not None:
        check_csrf(request, typed.get("csrf"))
        sessions.end(session)
        await write_down(request, "out", session.reader)
    target, provider = "/", request.app.state.provider
    if provider is not None:
        with suppress(oidc.ProviderAway):  # signed out here at least
            target = await provider.farewell()
    response = RedirectResponse(target, 303)
    response.headers.append("set-cookie", sessions.cookie(sessions.COOKIE, "", 0))
    return response


async def renew(request: Request) -> Response:
    """Asked for by an open page while somebody types, so that a long form is not lost; the guard renews."""
    return Response(status_code=204 if current(request) else 401)
