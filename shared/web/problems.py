"""What is answered when something does not go: a page in Italian, or problem+json (RFC 9457) for an API."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any

import orjson
from asyncpg import exceptions as pg
from opentelemetry import trace
from sqlalchemy import exc
from starlette.requests import Request
from starlette.responses import Response

_API = re.compile(r"^(/[a-z-]+)?/api(/|$)")
TITLES = {
    400: "Richiesta non valida",
    401: "Accesso richiesto",
    403: "Accesso non consentito",
    404: "Pagina non trovata",
    405: "Operazione non prevista",
    406: "Formato non disponibile",
    409: "Operazione non possibile",
    413: "Invio troppo grande",
    415: "Tipo di contenuto non accettato",
    422: "Dati non validi",
    428: "Chiave mancante",
    429: "Troppe richieste",
    500: "Si è verificato un errore",
    503: "Servizio momentaneamente non disponibile",
}
SENTENCES = {
    400: "La richiesta non è comprensibile.",
    404: "La pagina che cerchi non esiste o è stata spostata.",
    405: "Questo indirizzo non prevede l'operazione richiesta.",
    413: "Il file o il testo inviato supera la dimensione ammessa (1 MB; 10 MB per i file).",
    415: "Il tipo di contenuto inviato non è tra quelli accettati.",
    422: "I dati inviati non sono validi.",
    500: "L'operazione non è riuscita e non è stata registrata. Riprova; se accade ancora, segnala il codice "
    "qui sotto all'assistenza.",
    503: "La base dati non risponde in questo momento. Nulla è stato scritto a metà: riprova tra qualche secondo.",
}

_AWAY = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    pg.PostgresConnectionError,
    pg.InterfaceError,
    pg.OperatorInterventionError,
    pg.InsufficientResourcesError,
)


class Problem(Exception):
    """Stops a request with a status and an Italian sentence. `extra` goes into the problem document."""

    def __init__(self, status: int, code: str, sentence: str, **extra: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.extra = extra


class SignedOut(Problem):
    """Nobody is signed in: a page leads to the sign-in."""

    def __init__(self) -> None:
        super().__init__(401, "signed_out", "Per continuare occorre accedere.")


class Forbidden(Problem):
    """The reader may not do this."""

    def __init__(self, sentence: str = "Il tuo ruolo non permette questa operazione.", **extra: Any) -> None:
        super().__init__(403, "forbidden", sentence, **extra)


def problem(status: int, code: str, sentence: str, **extra: Any) -> Response:
    """The problem document (RFC 9457)."""
    body = {
        "type": f"urn:insieme:problem:{code}",
        "title": TITLES.get(status, "Errore"),
        "status": status,
        "detail": sentence,
        "code": code,
        **extra,
    }
    return Response(orjson.dumps(body), status, media_type="application/problem+json")


def trace_id() -> str:
    """The id under which this request is found in the traces and in the logs ("" outside a trace)."""
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def wants_json(request: Request) -> bool:
    """Whether the answer is read by a program: an API path, or a caller that asks for JSON and no page."""
    accept = request.headers.get("accept", "")
    return is_api(request.scope["path"]) or ("json" in accept and "text/html" not in accept)


def is_api(path: str) -> bool:
    """Whether the path is of a service's API, alone or mounted in the site."""
    return _API.match(path) is not None


def causes(error: BaseException) -> Iterator[BaseException]:
    """The exception with all that caused it, groups taken apart."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += [one.__cause__, one.__context__, getattr(one, "orig", None)]
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions


def database_away(error: BaseException) -> bool:
    """Whether the database could not be reached, or broke off: trying again later makes sense."""
    return any(_away(one) for one in causes(error))


def _away(error: BaseException) -> bool:
    if isinstance(error, _AWAY) or (isinstance(error, exc.DBAPIError) and error.connection_invalidated):
        return True
    # A refused or timed out connection is an OSError like any other: it counts where asyncpg met it.
    frames = traceback.walk_tb(error.__traceback__)
    return isinstance(error, OSError) and any("asyncpg" in frame.f_code.co_filename for frame, _ in frames)
