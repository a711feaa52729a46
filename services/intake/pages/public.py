"""What every public page stands on: the visitor's language, how often an address may ask, the page without sign-in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from services.intake import human, translations
from shared.decisions import Refused
from shared.web import limits, sessions
from shared.web.app import PUBLIC
from shared.web.limits import Limit
from shared.web.pages import Errors, page, safe_path
from shared.web.problems import SENTENCES, Problem
from shared.web.readers import anybody

LOOK = Limit("look", 300, 60)
BEGIN = Limit("begin", 30, 3600)
SEND = Limit("send", 30, 3600)
CODE = Limit("code", 20, 600)
ENTER = Limit("enter", 15, 600)
"""Many people may sit behind one address (a library, a reception centre): limits stop floods, not queues."""
LARGEST = 64 * 1024
_PLACE = re.compile(r"^(/intake)?/(domanda|mia)/([a-z]{2,3})(/.*)?$")


@dataclass(frozen=True)
class Visit:
    """Somebody on a public page: their language, and what ties the forms to their browser."""

    language: str
    direction: str
    say: Callable[[str], str]
    part: str
    csrf: str
    cookie: str
    languages: tuple[tuple[str, str, str], ...]
    """Code, own name and address of this page in it."""

    @property
    def base(self) -> str:
        """Where this part of the public pages begins, in this language."""
        return f"/intake/{self.part}/{self.language}"

    def translated(self, refused: Refused) -> Refused:
        """The refusal in this language."""
        return Refused(refused.code, self.say(refused.sentence), refused.field)


def visitor(*more: Limit) -> Any:
    """The dependency of a public route: open to anybody, in the language of the address, within the limits.

    Raises Problem 404 for a language that there is not, 413 and 429 for what is too large or too often.
    """

    async def check(request: Request, lang: str) -> Visit:
        if lang not in translations.languages():
            raise Problem(404, "http_404", SENTENCES[404])
        visit = _visit(request, lang)
        request.state.visit = visit
        request.state.templates = translations.environment(lang)
        request.state.translate = visit.say
        limits.too_large(request, LARGEST)
        address = limits.address_of(request)
        for limit in (LOOK, *more):
            limits.COUNTERS.take(limit, address, time.monotonic())
        return visit

    return anybody(check)


Visitor = Annotated[Visit, visitor()]
Beginning = Annotated[Visit, visitor(BEGIN)]
Sending = Annotated[Visit, visitor(SEND)]
Asking = Annotated[Visit, visitor(CODE)]
Entering = Annotated[Visit, visitor(ENTER)]


def _visit(request: Request, lang: str) -> Visit:
    binding, cookie = sessions.visit(request)
    found = _PLACE.match(request.url.path)
    part, rest = (found[2], found[4] or "") if found else ("domanda", "")
    same = rest if request.method == "GET" else ""
    known = translations.languages()
    return Visit(
        lang, known[lang].text_direction, translations.translator(lang), part, sessions.csrf(binding), cookie,
        tuple((code, str(locale.display_name), f"/intake/{part}/{code}{same}") for code, locale in known.items()),
    )  # fmt: skip


def show(
    request: Request,
    visit: Visit,
    template: str,
    title: str,
    *,
    errors: Errors | Refused | None = None,
    **context: Any,
) -> Response:
    """A public page. `errors` that are refusals are translated here; a form's were when it was read."""
    told = visit.translated(errors) if isinstance(errors, Refused) else errors
    response = page(
        request, f"{template}.html", title=visit.say(title), visit=visit, csrf=visit.csrf, errors=told,
        opened=human.opened(), **context,
    )  # fmt: skip
    if visit.cookie:
        response.headers.append("set-cookie", visit.cookie)
    return response


def go(visit: Visit, path: str = "", cookie: str = "") -> Response:
    """303 to a page of this part, in this language."""
    response = RedirectResponse(safe_path(visit.base + path), 303)
    if cookie:
        response.headers.append("set-cookie", cookie)
    return response


def preferred(request: Request) -> str:
    """The language that the browser asks for, as far as there is one; else Italian."""
    asked: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag, _, quality = part.strip().partition(";q=")
        if tag:
            value = float(quality) if re.fullmatch(r"[01](\.[0-9]{1,3})?", quality) else 1.0
            asked.append((-value, tag.split("-")[0].lower()))
    known = translations.languages()
    return next((tag for _, tag in sorted(asked, key=lambda pair: pair[0]) if tag in known), translations.SOURCE)


async def _counted(request: Request) -> None:
    limits.COUNTERS.take(LOOK, limits.address_of(request), time.monotonic())


counted = anybody(_counted)
"""The dependency of the address without a language."""


def actor() -> str:
    """Who records what a person does on a public page."""
    return PUBLIC


def labelled(visit: Visit, words: Mapping[str, str]) -> dict[str, str]:
    """A vocabulary in this language."""
    return {code: visit.say(name) for code, name in words.items()}
