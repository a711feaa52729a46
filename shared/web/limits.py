"""How often one address may do something on a page without sign-in: fixed windows, kept in this process.

A flood is bounded per process and forgotten at a restart; what must not be forgotten (wrong tries of somebody's
code) is counted in the database by whoever owns the code.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import Request

from shared.settings import settings
from shared.web.problems import Problem

KEPT = 50_000
"""Counters kept at most: beyond, the oldest go. Each is some 200 bytes."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in so many seconds."""

    name: str
    times: int
    seconds: int


@dataclass
class Counters:
    """The windows of this process: (limit, address, window) -> how many times."""

    counted: OrderedDict[tuple[str, str, int], int] = field(default_factory=OrderedDict)

    def take(self, limit: Limit, address: str, now: float) -> None:
        """Counts one. Raises Problem 429, with the seconds to wait, where it was too often."""
        window = int(now // limit.seconds)
        key = (limit.name, address, window)
        count = self.counted.pop(key, 0) + 1
        self.counted[key] = count
        while len(self.counted) > KEPT:
            self.counted.popitem(last=False)
        if count > limit.times:
            wait = max(1, int((window + 1) * limit.seconds - now) + 1)
            raise Problem(
                429,
                "too_many",
                "Da questo collegamento sono arrivate troppe richieste. Aspetta qualche minuto e riprova: quello che "
                "hai già salvato non va perso.",
                retry_after=wait,
            )


COUNTERS = Counters()


def address_of(request: Request, proxies: int | None = None) -> str:
    """Who asks: the connection's other end or, behind `proxies` proxies of ours, the address that the outermost of
    them saw (each appends one to X-Forwarded-For; what stands before was written by the caller and is not believed).

    An IPv6 address counts by its network of 64 bits, which one subscriber has whole.
    """
    hops = settings.proxies if proxies is None else proxies
    seen = request.client.host if request.client else ""
    if hops > 0:
        chain = [
            part.strip() for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if part.strip()
        ]
        if chain:
            seen = chain[-min(hops, len(chain))]
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def too_large(request: Request, limit: int) -> None:
    """Raises Problem 413 where the body is larger than a form of this kind can be."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise Problem(413, "too_large", "Il modulo è troppo grande: accorcia i testi e riprova.")
