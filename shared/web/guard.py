"""What stands before every route: limits, clean bytes, the session, security headers, no exception unheard."""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import orjson
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.keys import KeyGone, Tampered
from shared.projection import ViewNotReady
from shared.settings import settings
from shared.store import DatabaseUnchecked
from shared.web import directory, sessions
from shared.web.oidc import ProviderAway, SignInRefused
from shared.web.pages import failure, safe_path
from shared.web.problems import SENTENCES, Problem, database_away, is_api, trace_id
from shared.web.sentences import sentence

log = logging.getLogger("insieme.web")
PROBES = ("/livez", "/readyz", "/metrics")
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
BODY, UPLOAD = 1024 * 1024, 10 * 1024 * 1024
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
DIRTY = Problem(422, "bad_text", "La richiesta contiene caratteri non ammessi.")
AWAY = (
    (
        ViewNotReady,
        "view_not_ready",
        "Questa pagina si sta ricostruendo dal registro degli eventi: sarà pronta tra poco.",
    ),
    (
        DatabaseUnchecked,
        "database_unchecked",
        "La base dati è appena stata ripristinata e si sta confrontando con il registro degli eventi: finché non "
        "ha finito si può leggere ma non registrare.",
    ),
)
KEY_GONE = Problem(
    503, "key_gone",
    "Le chiavi che aprono questi dati non sono in questa piattaforma, o sono state distrutte: i testi delle persone "
    "non si possono leggere. Chi amministra la piattaforma deve rimettere il file delle chiavi.",
)  # fmt: skip
TAMPERED = (
    "Un testo conservato non è più quello che era stato registrato, e non viene mostrato. Segnala il codice qui sotto "
    "all'assistenza."
)
# Signing out goes on to the provider: a browser counts where a form's answer redirects to.
_PROVIDER = " {0.scheme}://{0.netloc}".format(urlsplit(settings.oidc_issuer)) if settings.oidc_issuer else ""
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    f"connect-src 'self'; form-action 'self'{_PROVIDER}; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """The outermost layer. A service mounted in the site leaves this to the site's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "insieme.guarded" in scope:
            await self.app(scope, receive, send)
            return
        scope["insieme.guarded"] = True
        headers = Headers(scope=scope)
        provider = scope["app"].state.provider
        session = sessions.read(headers.get("cookie", ""))
        if provider is not None and session is not None and session.unchecked:
            session = None
        if session is not None and not session.noted and not scope["path"].endswith("/entrata"):
            session = None
        known = await _directory(scope)
        session, barred, changed = _admitted(known, session)
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {}).update(session=session, nonce=nonce, barred=barred)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 307:
                    _stay_here(MutableHeaders(scope=message))
                _seal(MutableHeaders(scope=message), session, nonce, changed, barred is not None)
                trace.get_current_span().set_attribute("http.response.status_code", message["status"])
            await send(message)

        with telemetry.continued("http", headers.get("traceparent")) as span, directory.standing(known):
            span.set_attribute("http.request.method", scope["method"])
            await self._guarded(scope, receive, sealed, headers)
            # The route's pattern, never the address: a search holds what a person typed.
            route = getattr(scope.get("route"), "path", "")
            span.update_name(f"{scope['method']} {scope.get('root_path', '')}{route}")

    async def _guarded(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        try:
            _check_address(scope)
            if _should_check(scope, headers):
                await _ask_provider(scope)(scope, receive, send)
                return
            await _machine(scope, headers)
            _check_origin(scope, headers)
            if scope["method"] not in SAFE:
                body = await _body(receive, headers)
                _check_body(scope["path"], headers, body)
                receive = _replay(body, receive)
        except Problem as refusal:
            await failure(Request(scope), refusal)(scope, receive, send)
            return
        except ClientDisconnect:
            return
        try:
            await self.app(scope, receive, send)
        finally:
            for upload in scope["state"].get("uploads", ()):
                await upload.close()


async def _directory(scope: Scope) -> directory.Known:
    """The directory, for whatever is answered from the database; probes and files do not ask for it."""
    looks: directory.Directory | None = scope["app"].state.directory
    if looks is None or scope["path"].startswith("/static/") or scope["path"].endswith(PROBES):
        return directory.UNREAD
    return await looks.known()


def _admitted(
    known: directory.Known, session: sessions.Session | None
) -> tuple[sessions.Session | None, directory.Barred | None, bool]:
    """The session as the directory has it, why it ends here, and whether it is another than the cookie says."""
    if session is None:
        return None, None, False
    admitted = known.admit(session.reader)
    if isinstance(admitted, directory.Barred):
        return None, admitted, False
    return replace(session, reader=admitted), None, admitted != session.reader


def _should_check(scope: Scope, headers: Headers) -> bool:
    """Whether this is a page at which the provider can be asked silently, and it is time to."""
    session = scope["state"]["session"]
    return bool(
        scope["app"].state.provider is not None
        and session is not None
        and session.to_check
        and scope["method"] == "GET"
        and not scope["path"].startswith("/sign-in")
        and not is_api(scope["path"])
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and "hx-request" not in headers
    )


def _ask_provider(scope: Scope) -> Response:
    here = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return RedirectResponse(f"/sign-in/start?silent=1&next={quote(here)}", 303)


async def _machine(scope: Scope, headers: Headers) -> None:
    """A program signs in with each request, on the API alone: a token of the provider's (RFC 6750)."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    provider = scope["app"].state.provider
    if provider is None or kind.lower() != "bearer" or not is_api(scope["path"]):
        return
    try:
        reader = await provider.bearer(token.strip())
    except ProviderAway as away:
        raise Problem(503, away.code, str(away)) from None
    except SignInRefused as refused:
        raise Problem(401, refused.code, str(refused)) from None
    scope["state"]["session"] = sessions.start(reader)


class Catch:
    """Turns what nobody handled into a clear answer; the log gets the type and the place, never the message."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            response = unforeseen(Request(scope), error)
            if started:
                raise ConnectionError("the answer broke off; see the log for its cause") from None
            await response(scope, receive, send)


def unforeseen(request: Request, error: Exception) -> Response:
    """The answer to an exception that no rule foresaw: 503 where the database is away, else 500."""
    number = trace_id() or secrets.token_hex(16)
    for kind, code, sentence_ in AWAY:
        if isinstance(error, kind):
            return _later(request, Problem(503, code, sentence_))
    if isinstance(error, KeyGone):
        log.error("a key generation is missing: %s", error)
        return failure(request, KEY_GONE)
    if isinstance(error, Tampered):
        log.critical("request %s: a sealed text does not open: %s", number, error)  # the row's id or what kind of key
        return failure(request, Problem(500, "tampered", TAMPERED, trace_id=number))
    if database_away(error):
        log.warning("the database is away: %s", type(error).__name__)
        return _later(request, Problem(503, "database_away", SENTENCES[503]))
    log.error("request %s failed", number, exc_info=error)  # JsonLines writes its type and place only
    return failure(request, Problem(500, "unforeseen", SENTENCES[500], trace_id=number))


def _later(request: Request, error: Problem) -> Response:
    response = failure(request, error)
    response.headers["retry-after"] = "5"
    return response


async def on_problem(request: Request, error: Exception) -> Response:
    """A Problem raised by a route or a dependency."""
    assert isinstance(error, Problem)
    return failure(request, error)


async def on_http(request: Request, error: Exception) -> Response:
    """404, 405 and what else the framework says, in our words."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    text = SENTENCES.get(status, SENTENCES[400])
    response = failure(request, Problem(status, f"http_{status}", text))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def on_invalid(request: Request, error: Exception) -> Response:
    """Values that do not fit the route's types: 422 with a sentence a field; on a page, a wrong path is a 404."""
    assert isinstance(error, RequestValidationError)
    fields: dict[str, str] = {}
    for one in error.errors():
        place = [str(part) for part in one["loc"]]
        if place[:1] == ["path"] and not is_api(request.scope["path"]):
            return failure(request, Problem(404, "http_404", SENTENCES[404]))
        name = ".".join(place[1:] if place[:1] != ["body"] or one["type"] != "json_invalid" else [])
        fields.setdefault(name, sentence(one))
    errors: list[dict[str, Any]] = [{"field": name, "sentence": text} for name, text in fields.items()]
    return failure(request, Problem(422, "invalid", SENTENCES[422], errors=errors))


def _stay_here(headers: MutableHeaders) -> None:
    """The framework's own redirect (a slash more or less) is made of the Host header, which the caller writes."""
    to = urlsplit(headers.get("location", ""))
    headers["location"] = safe_path(to.path + (f"?{to.query}" if to.query else ""))


def _seal(
    headers: MutableHeaders, session: sessions.Session | None, nonce: str, changed: bool = False, barred: bool = False
) -> None:
    headers.setdefault("content-security-policy", POLICY.format(nonce=nonce))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("cache-control", "no-store")
    if settings.base_url.startswith("https:"):
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
    mine = any(value.startswith(sessions.COOKIE + "=") for value in headers.getlist("set-cookie"))
    if barred and not mine:
        headers.append("set-cookie", sessions.cookie(sessions.COOKIE, "", 0))
    if session and (session.to_renew or changed) and not mine and "immutable" not in headers["cache-control"]:
        seconds = int(sessions.IDLE.total_seconds())
        headers.append("set-cookie", sessions.cookie(sessions.COOKIE, sessions.write(session), seconds))


def _clean(raw: bytes) -> bool:
    try:
        return "\0" not in raw.decode()
    except UnicodeDecodeError:
        return False


def _check_address(scope: Scope) -> None:
    path = scope.get("raw_path") or scope["path"].encode()
    if not _clean(unquote_to_bytes(path)) or not _clean(unquote_to_bytes(scope["query_string"].replace(b"+", b" "))):
        raise DIRTY


def _check_origin(scope: Scope, headers: Headers) -> None:
    """Another site may not act through the reader's browser, whatever cookie comes along."""
    if scope["method"] in SAFE:
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    known = {headers.get("host"), urlsplit(settings.base_url).netloc}
    if site in ("cross-site", "same-site") or (origin and urlsplit(origin).netloc not in known):
        raise Problem(403, "other_site", "La richiesta viene da un altro sito e non è stata eseguita.")


async def _body(receive: Receive, headers: Headers) -> bytes:
    limit = UPLOAD if headers.get("content-type", "").startswith(MULTIPART) else BODY
    length = headers.get("content-length", "0")
    too_large = Problem(413, "too_large", SENTENCES[413])
    if not re.fullmatch(r"[0-9]{1,12}", length) or int(length) > limit:
        raise too_large
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _check_body(path: str, headers: Headers, body: bytes) -> None:
    if not body:
        return
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ((JSON, MULTIPART) if is_api(path) else (JSON, FORM, MULTIPART)):
        raise Problem(415, "content_type", SENTENCES[415])
    if kind == FORM and not _clean(unquote_to_bytes(body.replace(b"+", b" "))):
        raise DIRTY
    if kind == MULTIPART:
        _check_parts(headers["content-type"], body)
    if kind == JSON:
        _check_json(body)


def _check_json(body: bytes) -> None:
    try:
        values = orjson.loads(body)  # refuses bad UTF-8, lone surrogates, NaN and what is nested too deep
    except orjson.JSONDecodeError:
        raise Problem(422, "bad_json", "Il contenuto non è JSON valido.") from None
    if b"\\u0000" in body and "\\u0000" in orjson.dumps(values).decode():
        raise DIRTY


def _check_parts(content_type: str, body: bytes) -> None:
    """Texts and names must be clean; a file's bytes are the business of who reads the file."""
    match = re.search(r'boundary="?([^";,\s]+)', content_type)
    if match is None:
        raise Problem(422, "bad_form", "Il modulo inviato non è leggibile.")
    for part in body.split(b"--" + match[1].encode("latin-1"))[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if not _clean(head) or (b"filename" not in head and not _clean(content)):
            raise DIRTY
