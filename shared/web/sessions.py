"""The session: a signed cookie of 10 minutes, renewed while it is used, at its end after 12 hours."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.requests import Request, cookie_parser

from shared import clock
from shared.settings import settings
from shared.web import signing
from shared.web.readers import Reader

# A browser keeps a cookie with this prefix to this host, this path and an encrypted connection.
PREFIX = "__Host-" if settings.base_url.startswith("https:") else ""
COOKIE = PREFIX + "insieme"
VISIT = PREFIX + "insieme-visita"
"""The cookie of somebody not yet signed in: it ties the sign-in form to this browser."""
IDLE = timedelta(minutes=10)
WHOLE = timedelta(hours=12)
RENEW_AFTER = timedelta(minutes=1)
CHECK_AFTER = timedelta(minutes=10)
"""How long a sign-in holds before the provider is asked again whether it still stands (silently, at a page)."""
UNCHECKED_AT_MOST = timedelta(hours=1)
"""How long a form may be typed on without a page in between at which the provider could be asked."""


@dataclass(frozen=True)
class Session:
    """A reader at work. `id` is random and ties the forms to this sign-in."""

    id: str
    reader: Reader
    started: datetime
    renewed: datetime
    checked: datetime
    """When the provider last said that the sign-in stands."""
    noted: bool = True
    """Whether the entry is written down (`sign_ins`). The front has no database: its sessions open nothing until they
    have been at the entrance."""

    @property
    def to_renew(self) -> bool:
        """Whether the cookie should be written anew."""
        return clock.now() - self.renewed >= RENEW_AFTER

    @property
    def to_check(self) -> bool:
        """Whether the provider should be asked again before the next page."""
        return clock.now() - self.checked >= CHECK_AFTER

    @property
    def unchecked(self) -> bool:
        """Whether it was not asked for too long."""
        return clock.now() - self.checked >= UNCHECKED_AT_MOST


def start(reader: Reader) -> Session:
    """A new session, from now."""
    now = clock.now()
    return Session(secrets.token_hex(16), reader, now, now, now)


def checked(session: Session, reader: Reader) -> Session:
    """The session after the provider said again who it is: as long as it is the same account, it goes on."""
    if reader.account != session.reader.account:
        return start(reader)
    return replace(session, reader=reader, checked=clock.now())


_ended: OrderedDict[str, datetime] = OrderedDict()
"""Sessions that were signed out of in this process: a copied cookie does not bring them back. Elsewhere the copy
ends when the provider is next asked."""


def end(session: Session) -> None:
    """Signs out: the session is over in this process even for a copy of its cookie."""
    now = clock.now()
    while _ended and next(iter(_ended.values())) < now:
        _ended.popitem(last=False)
    _ended[session.id] = now + WHOLE


def write(session: Session) -> str:
    """The cookie's value, good for 10 minutes from now and never past the session's end."""
    reader = session.reader
    now = clock.now()
    values = {
        "id": session.id,
        "reader": [
            reader.account,
            reader.name,
            reader.role,
            reader.organisation,
            list(reader.districts),
            reader.organisation_code,
        ],
        "started": session.started.isoformat(),
        "renewed": now.isoformat(),
        "checked": session.checked.isoformat(),
        "noted": session.noted,
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
    if values["id"] in _ended:
        return None
    account, name, role, organisation, districts, *code = values["reader"]  # cookies of before have no code
    return Session(
        values["id"],
        Reader(account, name, role, organisation, tuple(districts), *code),
        datetime.fromisoformat(values["started"]),
        datetime.fromisoformat(values["renewed"]),
        datetime.fromisoformat(values["checked"]),
        values.get("noted", True),
    )


def cookie(name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header; zero seconds take the cookie away."""
    secure = "; Secure" if settings.base_url.startswith("https:") else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def visit(request: Request) -> tuple[str, str]:
    """What ties a form to this browser, signed in or not, and the Set-Cookie header that keeps it so ("" if signed
    in). `csrf(...)` of it goes into the form."""
    session = getattr(request.state, "session", None)
    if session is not None:
        return session.id, ""
    known = request.cookies.get(VISIT) or secrets.token_hex(16)
    return known, cookie(VISIT, known, int(WHOLE.total_seconds()))


def csrf(session_id: str) -> str:
    """What a form of this session carries."""
    return signing.mac("csrf", session_id)


def csrf_ok(session_id: str, given: str) -> bool:
    """Whether a form comes from a page given to this session."""
    return hmac.compare_digest(csrf(session_id).encode(), given.encode())
