"""The directory: who is in the programme and as what, as every process knows it within seconds.

Its facts are intake's, its view is in each service's own database (`shared/projection/accounts.py`), and here is the
look at it: the whole small table, read again when it is older than `SECONDS`. The directory wins over what the
provider of identities claims: the provider tells who somebody is, the programme whether they enter, as what, for whom.
In demonstration mode the demonstration accounts are in it until a fact tells otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property

import sqlalchemy as sa

from shared.projection import Reading, Row, ViewNotReady
from shared.projection.accounts import ACCOUNTS
from shared.settings import settings
from shared.store import Store
from shared.web.readers import Reader, accounts, organisations, role_may

log = logging.getLogger("insieme.web")
SECONDS = 2.0
"""How old the look may be."""
PATIENCE = 3.0
"""Seconds after which a look is given up: what was known goes on holding."""
ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class OwnLook:
    """What intake sees, which has the facts, the organisations and the vault."""

    accounts: Sequence[Row]
    """As in the view."""
    names: Mapping[str, str]
    """Account -> name."""
    organisations: Mapping[str, str]
    """Code -> name."""
    kinds: Mapping[str, str]
    """Code -> kind, of those that are open."""
    bodies: Sequence[Row]
    """The organisations' rows."""


Own = Callable[[Store, Reading], Awaitable[OwnLook]]


@dataclass(frozen=True, slots=True)
class Barred:
    """Somebody who does not enter: `code` for programs, an Italian sentence for the page."""

    code: str
    sentence: str


DISABLED = Barred("account_disabled", "Il tuo account è stato disattivato: rivolgiti a chi amministra la piattaforma.")
UNLISTED = Barred(
    "account_unlisted", "Il tuo account non è nell'elenco del programma: rivolgiti a chi amministra la piattaforma."
)


def called(account: str) -> str:
    """How an account is called where its name is not known: `u-elena.conti` is Elena Conti."""
    words = re.split(r"[._]+", account.removeprefix("u-"))
    return " ".join(word.capitalize() for word in words if word)


@dataclass(frozen=True)
class Known:
    """The directory at one instant."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    organisations: Mapping[str, str] = field(default_factory=dict)
    """Code -> name, where the vault is."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Code -> kind of the open ones, where they are known."""
    bodies: Mapping[str, Row] = field(default_factory=dict)
    """Code -> row of an organisation, where they are known."""
    demo: bool = settings.mode == "demo"
    only_listed: bool = False
    """Whether nobody enters who is not in it."""

    @cached_property
    def readers(self) -> Mapping[str, Reader]:
        """Everybody who enters, by account."""
        known = {account: reader for account, reader in self._seeds.items() if account not in self.rows}
        return known | {account: self._reader(row) for account, row in self.rows.items() if row["active"]}

    @property
    def _seeds(self) -> Mapping[str, Reader]:
        return accounts() if self.demo else {}

    def everybody(self) -> list[tuple[Reader, bool]]:
        """Every account, and whether it enters."""
        barred = [self._reader(row) for row in self.rows.values() if not row["active"]]
        return [(one, True) for one in self.readers.values()] + [(one, False) for one in barred]

    def name(self, account: str) -> str:
        """How the account is called."""
        seed = self._seeds.get(account)
        return self.names.get(account) or (seed.name if seed else called(account))

    def organisation_name(self, code: str) -> str:
        """How the organisation is called; its code in words where the name is not known here."""
        seed = organisations().get(code) if self.demo else None
        words = code.removeprefix("o-").replace("-", " ").capitalize()
        return self.organisations.get(code) or (seed["name"] if seed else words)

    def _code(self, name: str) -> str:
        names = {code: one["name"] for code, one in organisations().items()} if self.demo else {}
        return next((code for code, one in (names | dict(self.organisations)).items() if one == name), "")

    def organisation_of(self, account: str) -> str:
        """The code of the organisation that an account belongs to, disabled or not; "" where it is not known."""
        row, seed = self.rows.get(account), self._seeds.get(account)
        return str(row["organisation"]) if row else seed.organisation_code if seed else ""

    def _reader(self, row: Row) -> Reader:
        code = row["organisation"]
        return Reader(
            row["account"], self.name(row["account"]), row["role"], self.organisation_name(code),
            tuple(row["districts"]), code,
        )  # fmt: skip

    def who_may(self, action: str) -> dict[str, str]:
        """Account -> name of everybody with a role that may do this, by name."""
        able = {one.account: one.name for one in self.readers.values() if role_may(one.role, action)}
        return dict(sorted(able.items(), key=lambda one: one[1].casefold()))

    def admit(self, reader: Reader) -> Reader | Barred:
        """Who this is here, whatever was claimed; or why they do not enter. Of who is not in it the claims are taken,
        and the organisation is known by its name, where names are known.

        Without any administrator in it the directory lets in who is one for the provider: somebody has to begin.
        """
        row = self.rows.get(reader.account)
        if row is None:
            if not self.only_listed or reader.account in self.readers or not reader.account.startswith("u-"):
                return replace(reader, organisation_code=reader.organisation_code or self._code(reader.organisation))
            first = reader.role == ADMINISTRATOR and not any(one.role == ADMINISTRATOR for one in self.readers.values())
            return reader if first else UNLISTED
        if not row["active"]:
            return DISABLED
        here = self._reader(row)
        if reader.account not in self.names:
            here = replace(here, name=reader.name or here.name)
        if here.organisation_code == reader.organisation_code and here.organisation_code not in self.organisations:
            here = replace(here, organisation=reader.organisation)
        return here


_NOW: ContextVar[Known] = ContextVar("directory")
UNREAD = Known()


def now() -> Known:
    """The directory as this request found it; outside of one, as it is before any fact."""
    return _NOW.get(UNREAD)


@contextmanager
def standing(known: Known) -> Iterator[None]:
    """What `now` answers within."""
    token = _NOW.set(known)
    try:
        yield
    finally:
        _NOW.reset(token)


class Directory:
    """One process's look at the directory, through one service's database."""

    def __init__(self, store: Callable[[], Store], own: Own | None = None) -> None:
        self._store = store
        self._own = own
        self._known: Known | None = None
        self._looked = float("-inf")
        self._looking = False

    async def known(self) -> Known:
        """The directory, at most a few seconds old while the database answers.

        While it does not, what was known goes on holding; where nothing was ever known, the claims decide: without
        this database there is nothing to see anyway.
        """
        fresh = time.monotonic() - self._looked < SECONDS
        if fresh or (self._looking and self._known is not None):
            return self._known or UNREAD
        self._looking = True
        try:
            async with asyncio.timeout(PATIENCE):
                self._known = await self._look()
        except ViewNotReady:
            self._known = self._known or self._empty()  # no worker has begun yet: there is no fact either
        except Exception as error:
            log.warning("the directory cannot be read: %s", type(error).__name__)
        finally:
            self._looking, self._looked = False, time.monotonic()
        return self._known or UNREAD

    async def again(self) -> Known:
        """The directory as it is now: for its own pages, on which one reads what one has just written."""
        self._looked, self._looking = float("-inf"), False
        return await self.known()

    def _empty(self) -> Known:
        current = self._store().settings
        return Known(demo=current.mode == "demo", only_listed=current.only_listed_accounts)

    async def _look(self) -> Known:
        store = self._store()
        async with store.read() as reading:
            if self._own is not None:
                return self._with(await self._own(store, reading))
            rows = await reading.rows(sa.select(reading.standing(ACCOUNTS)))
        return replace(self._empty(), rows={row["account"]: row for row in rows})

    def _with(self, own: OwnLook) -> Known:
        return replace(
            self._empty(), rows={row["account"]: row for row in own.accounts}, names=own.names,
            organisations=own.organisations, kinds=own.kinds,
            bodies={row["organisation"]: row for row in own.bodies},
        )  # fmt: skip
