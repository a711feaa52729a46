"""Pages: one function that renders, one that answers a command, one that says no."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared import clock
from shared.decisions import Refused
from shared.settings import settings
from shared.web import formats, sessions, static, tickets
from shared.web.exports import Column, export, figure
from shared.web.forms import Errors, Euros, FormState, form
from shared.web.problems import TITLES, Problem, problem, wants_json
from shared.web.readers import Reader, current, may, roles

if TYPE_CHECKING:
    from shared.store import Outcome

__all__ = ["Column", "Errors", "Euros", "answer", "done", "environment", "export", "failure", "form", "page"]

HERE = Path(__file__).parent
SERVICES = {
    "intake": ("Accoglienza", "Le persone, dal primo sportello alla presa in carico e al piano."),
    "matching": ("Domanda e offerta", "Aziende, ricerche di personale, rose, inserimenti."),
    "training": ("Formazione", "Corsi, posti, iscrizioni, esiti."),
    "enterprise": ("Fare impresa", "Progetti, giudizio tecnico, finanziamento, pagamenti."),
    "reporting": ("Dati e rapporti", "Percorsi, rapporto semestrale, che cosa accade adesso."),
}
ASIDE: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "intake.accounts": (
        "accounts", ("/intake/utenti", "/intake/enti"), "Utenti ed enti",
        "Chi lavora nel programma, con quale ruolo, per quale ente.",
    ),
    "intake.hand_over": (
        "hand_over", ("/intake/passaggi",), "Passaggio dei casi", "Le persone che segue chi lascia passano a colleghi.",
    ),
}  # fmt: skip
"""Pages of intake for who has that right and does not see the service: right -> card, addresses, title, what it is."""
AFTER = re.compile(r"[a-z][a-z.-]{0,40}/[0-9]{1,6}/[0-9]{1,12}")
LOG_AWAY = (
    "Il registro degli eventi non è raggiungibile: ciò che registri è al sicuro, gli altri uffici lo vedranno "
    "appena torna."
)


def environment(*folders: Path) -> Environment:
    """The templates of a service, before the shared ones."""
    env = Environment(
        loader=FileSystemLoader([*folders, HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "day": formats.day, "instant": formats.instant, "number": formats.number, "euro": formats.euro,
        "short": formats.short,
    }  # fmt: skip
    env.globals |= {
        "static": static.url, "vendor": static.vendor, "percent": formats.percent, "figure": figure,
        "person": _person, "page_ticket": _page_ticket, "with_query": _with_query, "_": str,
    }  # fmt: skip
    return env


def page(request: Request, template: str, status: int | None = None, **context: Any) -> HTMLResponse:
    """A page. Everything the base template needs is added: reader, navigation, forms, clock, notices.

    `title` and `trail` (pairs of title and address) make the heading and the breadcrumb; `errors` (Errors or
    Refused) fills the forms with what was typed and gives the status 422 or 409; `values` fills them at first;
    `fields` are those of a person that the page may ask for (default: the name). A page in another language than
    Italian has set its own environment as `request.state.templates` (and `request.state.translate`).
    """
    errors = context.get("errors")
    if status is None:
        status = _status(errors) if errors is not None else 200
    env: Environment = getattr(request.state, "templates", None) or request.app.state.templates
    everything = _shell(request) | {
        "errors": None, "values": {}, "title": "", "trail": (), "fields": ("name",),
    } | context  # fmt: skip
    everything["state"] = FormState(request, errors, everything["values"])
    for name in ("forms", "macros"):
        everything[name] = env.get_template(f"{name}.html").make_module(everything)
    return HTMLResponse(env.get_template(template).render(everything), status)


def _status(errors: Errors | Refused) -> int:
    return 409 if isinstance(errors, Refused) and errors.field is None else 422


def aside(reader: Reader | None, action: str) -> bool:
    """Whether this right has a card of its own for the reader."""
    return action in ASIDE and may(reader, action) and not may(reader, "intake.view")


def _shell(request: Request) -> dict[str, Any]:
    reader = current(request)
    session = getattr(request.state, "session", None)
    path = request.scope["path"]
    service = getattr(request.app.state, "service", "")
    after = request.query_params.get("after", "")
    return {
        "request": request,
        "reader": reader,
        "role": roles().get(reader.role, "") if reader else "",
        "may": lambda action: may(reader, action),
        "permitted": lambda links: [(words, href) for words, href, action in links if may(reader, action)],
        "service": service,
        "service_title": SERVICES[service][0] if service in SERVICES else "",
        "navigation": [
            {
                "service": name,
                "href": f"/{name}/",
                "title": title,
                "about": about,
                "here": path.startswith(f"/{name}/"),
            }
            for name, (title, about) in SERVICES.items()
            if may(reader, f"{name}.view")
        ]
        + [
            {"service": card, "href": paths[0], "title": title, "about": about, "here": path.startswith(paths)}
            for action, (card, paths, title, about) in ASIDE.items()
            if aside(reader, action)
        ],
        "csrf": sessions.csrf(session.id) if session else "",
        "nonce": getattr(request.state, "nonce", ""),
        "demo": settings.mode == "demo",
        "clock": formats.instant(clock.now()),
        "today": clock.today(),
        "log_notice": LOG_AWAY if request.app.state.log_notice() else "",
        "late": getattr(request.state, "late", False),
        "saved": bool(AFTER.fullmatch(after)),
        "repeated": "repeated" in request.query_params,
        "persons": {},
    }


def done(request: Request, outcome: Any, *, to: str) -> Response:
    """After an accepted command: 303 to `to`, which waits for the views to have seen it (?after=)."""
    target = safe_path(to)
    extra = ""
    if outcome.events:
        meta = outcome.events[-1].meta
        extra = f"after={meta.topic}/{meta.partition}/{meta.number}" + ("&repeated=1" if outcome.repeated else "")
    base, hash_, anchor = target.partition("#")
    joined = f"{base}{'&' if '?' in base else '?'}{extra}" if extra else base
    return RedirectResponse(joined + hash_ + anchor, 303)


def answer(
    request: Request,
    outcome: Outcome,
    *,
    to: str,
    again: Callable[[Errors | Refused], HTMLResponse],
) -> Response:
    """Accepted: 303 to `to`. Refused: the form again, with the sentence on top and everything typed kept.

    `again` renders the form: `lambda errors: page(request, template, errors=errors, ...)`. Where it must read
    first, write `if isinstance(outcome, Refused): return await show(request, errors=outcome)`, then `done`.
    """
    if isinstance(outcome, Refused):
        response = again(outcome)
        response.status_code = _status(outcome)
        return response
    return done(request, outcome, to=to)


def failure(request: Request, error: Problem) -> Response:
    """What a Problem becomes: the sign-in, a page, or problem+json."""
    response = _failure(request, error)
    if "retry_after" in error.extra:
        response.headers["retry-after"] = str(error.extra["retry_after"])
    return response


def _failure(request: Request, error: Problem) -> Response:
    if wants_json(request):
        return problem(error.status, error.code, error.sentence, **error.extra)
    if error.status == 401:
        where = "/sign-in?next=" + quote(_came_from(request), safe="/")
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"HX-Redirect": where})
        return RedirectResponse(where, 303)
    translate: Callable[[str], str] = getattr(request.state, "translate", str)
    return page(
        request, "error.html", error.status, title=translate(TITLES.get(error.status, "Errore")),
        sentence=translate(error.sentence),
        trace=error.extra.get("trace_id", ""), details=error.extra.get("errors", ()),
        glass=error.extra.get("glass", ""),
    )  # fmt: skip


def _came_from(request: Request) -> str:
    """Where to go after signing in: this page, or for a form the page it stood on."""
    if request.method in ("GET", "HEAD"):
        query = request.url.query
        return safe_path(request.url.path + (f"?{query}" if query else ""))
    came = urlsplit(request.headers.get("referer", ""))
    return safe_path(came.path) if came.netloc == request.headers.get("host") else "/"


def safe_path(target: str) -> str:
    """A path of this site, or "/": never another host, whatever a browser would make of the text."""
    fine = target.startswith("/") and not target.startswith("//") and len(target) <= 2000
    if not fine or "\\" in target or any(ord(c) < 33 or ord(c) == 127 for c in target):
        return "/"
    return target


@pass_context
def _person(context: Context, person_id: str, href: str | None = None) -> Markup:
    """A person: the short id, replaced by the name where the reader may see it."""
    context["persons"][person_id] = None
    text = Markup('<span class="person" data-person="{}">{}</span>').format(person_id, formats.short(person_id))
    return Markup('<a href="{}">{}</a>').format(href, text) if href else text


@pass_context
def _page_ticket(context: Context) -> str:
    """The ticket for the names of this page; "" where there are none or the reader may not see them."""
    reader = context["reader"]
    ids: Sequence[str] = tuple(context["persons"])
    if not ids or not may(reader, "intake.tags"):
        return ""
    purpose = getattr(context["request"].state, "action", "intake.tags")
    return tickets.sign_ticket(reader, ids, context["fields"], purpose)


@pass_context
def _with_query(context: Context, **changes: Any) -> str:
    """The query of this page with some values changed (None takes one away), for filters and pages."""
    query: Mapping[str, str] = context["request"].query_params
    kept = {n: v for n, v in query.items() if n not in ("after", "repeated")} | changes
    return "?" + "&".join(f"{quote(n)}={quote(str(v))}" for n, v in kept.items() if v is not None)
