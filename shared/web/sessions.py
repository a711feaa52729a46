"""The session: a signed cookie of 10 minutes, renewed while it is used, at its end after 12 hours."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import cookie_parser

from shared import clock
from shared.settings import settings
from shared.web import signing
from shared.web.readers import Reader

COOKIE = "insieme"
VISIT = "insieme-visita"
"""The cookie of somebody not yet signed in: it ties the sign-in form to this browser."""
IDLE = timedelta(minutes=10)
WHOLE = timedelta(hours=12)
RENEW_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Session:
    """A reader at work. `id` is random and ties the forms to this sign-in."""

    id: str
    reader: Reader
    started: datetime
    renewed: datetime

    @property
    def to_renew(self) -> bool:
        """Whether the cookie should be written anew."""
        return clock.now() - self.renewed >= RENEW_AFTER


def start(reader: Reader) -> Session:
    """A new session, from now."""
    now = clock.now()
    return Session(secrets.token_hex(16), reader, now, now)


def write(session: Session) -> str:
    """The cookie's value, good for 10 minutes from now and never past the session's end."""
    reader = session.reader
    now = clock.now()
    values = {
        "id": session.id,
        "reader": [reader.account, reader.name, reader.role, reader.organisation, list(reader.districts)],
        "started": session.started.isoformat(),
        "renewed": now.isoformat(),
    }
    return signing.sign("session", values, min(now + IDLE, session.started + WHOLE))


def read(cookies: str) -> Session | None:
    """The session in a Cookie header; None where there is none, or it is forged or over."""
    token = cookie_parser(cookies).get(COOKIE)
    if not token:
        return None
    try:
        values = signing.unsign("session", token)
    except signing.BadToken:
        return None
    account, name, role, organisation, districts = values["reader"]
    return Session(
        values["id"],
        Reader(account, name, role, organisation, tuple(districts)),
        datetime.fromisoformat(values["started"]),
        datetime.fromisoformat(values["renewed"]),
    )


def cookie(name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header; zero seconds take the cookie away."""
    secure = "; Secure" if settings.base_url.startswith("https:") else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def csrf(session_id: str) -> str:
    """What a form of this session carries."""
    return signing.mac("csrf", session_id)


def csrf_ok(session_id: str, given: str) -> bool:
    """Whether a form comes from a page given to this session."""
    return hmac.compare_digest(csrf(session_id).encode(), given.encode())
