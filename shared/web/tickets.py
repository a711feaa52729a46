"""Signed tickets: a service that works a case lets this reader see these names (architecture, section 4).

A ticket names the reader, the persons, the fields and the purpose, for 15 minutes; a document is a template
with named slots and data, which intake fills. The service answers for the need to know, intake for the
reader and the access log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared import clock
from shared.web import signing
from shared.web.readers import Reader

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


def sign_ticket(reader: Reader, ids: Sequence[str], fields: Sequence[str], purpose: str) -> str:
    """The ticket of a page, for /intake/doors/tags."""
    values = {"account": reader.account, "ids": list(ids), "fields": list(fields), "purpose": purpose}
    return signing.sign("ticket", values, clock.now() + LIFE)


def read_ticket(token: str, reader: Reader) -> Ticket:
    """The ticket, if it is this reader's. Raises signing.BadToken."""
    values = _mine(signing.unsign("ticket", token), reader)
    return Ticket(values["account"], tuple(values["ids"]), tuple(values["fields"]), values["purpose"])


def sign_document(reader: Reader, template: str, slots: Sequence[str], data: Mapping[str, Any], purpose: str) -> str:
    """A document that intake composes at /intake/doors/compose. `slots` are person ids."""
    values = {
        "account": reader.account,
        "template": template,
        "slots": list(slots),
        "data": dict(data),
        "purpose": purpose,
    }
    return signing.sign("document", values, clock.now() + LIFE)


def read_document(token: str, reader: Reader) -> Document:
    """The document, if it is this reader's. Raises signing.BadToken."""
    values = _mine(signing.unsign("document", token), reader)
    return Document(values["account"], values["template"], tuple(values["slots"]), values["data"], values["purpose"])


def _mine(values: dict[str, Any], reader: Reader) -> dict[str, Any]:
    if values["account"] != reader.account:
        raise signing.BadToken("somebody else's")
    return values
