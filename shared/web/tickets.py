"""Signed tickets: a service that works a case lets this reader see these names (architecture, section 4).

A ticket names the reader, the persons, the fields and the purpose, for 15 minutes; a document is a template
with named slots and data, which intake fills. The service answers for the need to know, intake for the
reader and the access log.

A service signs under a key of its own and only for actions of its own; intake, which holds all these keys, refuses a
purpose of another service's and one that the reader's role does not have. The same reader may use a ticket again
within its time (a page opened again, a file downloaded twice): each use is a row of the access log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared import clock
from shared.events import SERVICES
from shared.web import signing
from shared.web.readers import Reader, may

LIFE = timedelta(minutes=15)


@dataclass(frozen=True)
class Ticket:
    """This reader may see these fields of these persons, for this purpose (an action's name)."""

    account: str
    ids: tuple[str, ...]
    fields: tuple[str, ...]
    purpose: str


@dataclass(frozen=True)
class Document:
    """A template of intake's, the persons whose names go into its slots, and the data for the rest."""

    account: str
    template: str
    slots: tuple[str, ...]
    data: dict[str, Any]
    purpose: str


Signed = TypeVar("Signed", Ticket, Document)
TICKET, DOCUMENT = TypeAdapter(Ticket), TypeAdapter(Document)


def sign_ticket(reader: Reader, ids: Sequence[str], fields: Sequence[str], purpose: str) -> str:
    """The ticket of a page, for /intake/doors/tags."""
    return _sign("ticket", {"account": reader.account, "ids": list(ids), "fields": list(fields), "purpose": purpose})


def read_ticket(token: str, reader: Reader) -> Ticket:
    """The ticket, if it is this reader's. Raises signing.BadToken."""
    return _read(TICKET, "ticket", token, reader)


def sign_document(reader: Reader, template: str, slots: Sequence[str], data: Mapping[str, Any], purpose: str) -> str:
    """A document that intake composes at /intake/doors/compose. `slots` are person ids."""
    return _sign(
        "document",
        {
            "account": reader.account, "template": template, "slots": list(slots), "data": dict(data),
            "purpose": purpose,
        },
    )  # fmt: skip


def read_document(token: str, reader: Reader) -> Document:
    """The document, if it is this reader's. Raises signing.BadToken."""
    return _read(DOCUMENT, "document", token, reader)


def service_of(purpose: str) -> str:
    """Whose action it is."""
    return purpose.partition(".")[0]


def _sign(use: str, values: dict[str, Any]) -> str:
    service = service_of(values["purpose"])
    return f"{service}.{signing.sign(use, values, clock.now() + LIFE, _secret(service))}"


def _secret(service: str) -> str:
    if service not in SERVICES:
        raise signing.BadToken("no service of ours")
    return f"door_key_{service}"


def _read(kind: TypeAdapter[Signed], use: str, token: str, reader: Reader) -> Signed:
    service, _, rest = token.partition(".")
    try:
        signed = kind.validate_python(signing.unsign(use, rest, _secret(service)))
    except ValidationError as error:
        raise signing.BadToken("malformed") from error
    if signed.account != reader.account:
        raise signing.BadToken("somebody else's")
    if service_of(signed.purpose) != service:
        raise signing.BadToken("another service's purpose")
    if not may(reader, signed.purpose):
        raise signing.BadToken("the reader may not do that")
    return signed
