"""One way to sign small texts: JSON, HMAC-SHA-256 under a key of its own per use, an end in time.

Signed is not secret: whoever holds a token can read it, nobody can change it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zlib
from datetime import datetime
from typing import Any

import orjson

from shared import clock
from shared.settings import settings


class BadToken(Exception):
    """Forged, damaged, or past its time."""


SHARED = "signing_key"
"""The secret that all services hold: whoever has it can sign for any of them (docs/adr/0017-vault.md)."""


def _key(use: str, secret: str = SHARED) -> bytes:
    return hmac.digest(settings.secret(secret), b"insieme/" + use.encode(), "sha256")


def mac(use: str, text: str) -> str:
    """A short code that only this platform can make for `text` and this use."""
    return hmac.new(_key(use), text.encode(), hashlib.sha256).hexdigest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(use: str, values: dict[str, Any], until: datetime, secret: str = SHARED) -> str:
    """`values` as a token that holds up to the instant `until`, under the named secret."""
    body = _encode(zlib.compress(orjson.dumps(values | {"until": until.timestamp()}), 6))
    return f"{body}.{_encode(hmac.digest(_key(use, secret), body.encode(), 'sha256'))}"


def unsign(use: str, token: str, secret: str = SHARED) -> dict[str, Any]:
    """The values of a token of this use. Raises BadToken."""
    body, _, signature = token.partition(".")
    try:
        given = _decode(signature)
        expected = hmac.digest(_key(use, secret), body.encode(), "sha256")
    except (ValueError, binascii.Error) as error:
        raise BadToken("damaged") from error
    if not hmac.compare_digest(given, expected):
        raise BadToken("forged")
    values: dict[str, Any] = orjson.loads(zlib.decompress(_decode(body)))
    if values.pop("until") < clock.now().timestamp():
        raise BadToken("expired")
    return values
