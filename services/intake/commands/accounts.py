"""The directory: people and organisations are added, moved, stopped and let in again.

One decision at a time (an advisory lock until the commit), so that two administrators cannot stop each other at once.
A demonstration account or organisation is written down by the first decision about it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import cast

from sqlalchemy import text

from services.intake import forms
from services.intake.directory import recorded_rows
from services.intake.domain import accounts as rules
from services.intake.domain.accounts import Account, Organisation, Work, account_stream, organisation_stream
from services.intake.views.accounts import work_of
from shared.decisions import Decision, Refused, Stream
from shared.events import Event
from shared.events.intake import AccountOpened, District, OrganisationKind, OrganisationOpened
from shared.projection import Reading
from shared.store import Command, Outcome, Store, Unit
from shared.web.directory import ADMINISTRATOR
from shared.web.readers import accounts as demonstration_accounts
from shared.web.readers import organisations as demonstration_organisations
from shared.web.readers import role_may, roles

LOCK = text("select pg_advisory_xact_lock(hashtextextended('directory', 7))")
LONGEST = 60


def code_of(name: str) -> str:
    """The code of an organisation of this name: `o-comune-di-imola`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "o-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-") or "ente")


def account_of(store: Store, account: str) -> Stream[Account]:
    """The stream of an account; in demonstration mode those of the demonstration are there from the beginning."""
    seed = demonstration_accounts().get(account) if store.settings.mode == "demo" else None
    if seed is None:
        return account_stream(account)
    districts = cast(tuple[District, ...], seed.districts)
    return account_stream(account, Account(seed.role, seed.organisation_code, districts, True))


def organisation_of(store: Store, code: str) -> Stream[Organisation]:
    """The stream of an organisation, as `account_of`."""
    seed = demonstration_organisations().get(code) if store.settings.mode == "demo" else None
    kind = cast(OrganisationKind, seed["kind"]) if seed else None
    return organisation_stream(code, Organisation(kind, True) if seed else None)


async def _written_organisation(unit: Unit, code: str) -> list[Event]:
    """The opening of a demonstration organisation about which there is no fact yet."""
    seed = demonstration_organisations().get(code) if unit.store.settings.mode == "demo" else None
    if seed is None or unit.history(code):
        return []
    name = await unit.vault.write("organisation", code, {"name": seed["name"]})
    kind = cast(OrganisationKind, seed["kind"])
    return [OrganisationOpened(on=unit.today, organisation=code, kind=kind, name=name)]


async def _written(unit: Unit, account: str) -> list[Event]:
    """The opening of a demonstration account about which there is no fact yet, and of its organisation."""
    seed = demonstration_accounts().get(account) if unit.store.settings.mode == "demo" else None
    if seed is None or unit.history(account):
        return []
    code = seed.organisation_code
    await unit.states(organisation_of(unit.store, code))
    name = await unit.vault.write("account", account, {"name": seed.name})
    return [
        *await _written_organisation(unit, code),
        AccountOpened(
            on=unit.today, account=account, role=seed.role, organisation=code,
            districts=cast(tuple[District, ...], seed.districts), name=name,
        ),
    ]  # fmt: skip


async def _active(unit: Unit) -> dict[str, tuple[str, str]]:
    """Every active account with its role and organisation, up to the last fact: under the lock nothing is newer."""
    rows, _ = await recorded_rows(unit.store, await Reading.open(unit.conn, unit.store.service))
    seeds = demonstration_accounts().values() if unit.store.settings.mode == "demo" else ()
    active = {each.account: (each.role, each.organisation_code) for each in seeds}
    for row in rows:
        active.pop(row["account"], None)
        if row["active"]:
            active[row["account"]] = (row["role"], row["organisation"])
    return active


async def _administrators(unit: Unit, besides: str) -> int:
    """How many others are active under that role."""
    active = await _active(unit)
    return sum(role == ADMINISTRATOR for account, (role, _) in active.items() if account != besides)


async def _left(unit: Unit, account: str, role: str | None) -> Work:
    """The work that the account would leave behind, in that role (None: in none)."""
    work = await work_of(await Reading.open(unit.conn, unit.store.service), account, unit.today)
    follows = role is not None and role_may(role, "intake.charge")
    return work.left_by(follows, role is not None and role_may(role, "intake.interview"))


def _whole(written: Sequence[Event], decision: Decision) -> Decision:
    return decision if isinstance(decision, Refused) else [*written, *decision]


async def open_account(store: Store, command: Command, values: forms.AccountForm) -> Outcome:
    """Somebody begins to work in the programme."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        account, code = f"u-{values.account}", values.organisation
        (state,) = await unit.states(account_of(store, account))
        (at,) = await unit.states(organisation_of(store, code))
        if values.role not in roles():
            return Refused("role", "Scegli il ruolo dall'elenco.", "role")
        name = await unit.vault.write("account", account, {"name": values.name})
        decision = rules.open_account(
            state, at, account=account, role=values.role, organisation=code, districts=values.districts, name=name,
            today=unit.today,
        )  # fmt: skip
        return _whole(await _written_organisation(unit, code), decision)

    return await store.execute(command, decide, whole=True)


async def move_account(store: Store, command: Command, account: str, values: forms.MoveAccountForm) -> Outcome:
    """Another role, organisation, district or name."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        (state,) = await unit.states(account_of(store, account))
        (at,) = await unit.states(organisation_of(store, values.organisation))
        if values.role not in roles():
            return Refused("role", "Scegli il ruolo dall'elenco.", "role")
        name = await unit.vault.write("account", account, {"name": values.name}) if values.name else None
        decision = rules.move_account(
            state, at, account=account, actor=unit.actor, role=values.role, organisation=values.organisation,
            districts=values.districts, name=name, left=await _left(unit, account, values.role),
            administrators=await _administrators(unit, account), administrator=ADMINISTRATOR, today=unit.today,
        )  # fmt: skip
        written = await _written(unit, account)
        if all(event.subject != values.organisation for event in written):
            written = [*await _written_organisation(unit, values.organisation), *written]
        return _whole(written, decision)

    return await store.execute(command, decide, whole=True)


async def disable_account(store: Store, command: Command, account: str, values: forms.DisableForm) -> Outcome:
    """The account no longer enters."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        (state,) = await unit.states(account_of(store, account))
        decision = rules.disable_account(
            state, account=account, actor=unit.actor, why=values.why, left=await _left(unit, account, None),
            administrators=await _administrators(unit, account), administrator=ADMINISTRATOR, today=unit.today,
        )  # fmt: skip
        return _whole(await _written(unit, account), decision)

    return await store.execute(command, decide, whole=True)


async def enable_account(store: Store, command: Command, account: str) -> Outcome:
    """The disabled account enters again."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        (state,) = await unit.states(account_of(store, account))
        (at,) = await unit.states(organisation_of(store, state.organisation or "o-none"))
        return rules.enable_account(state, at, account=account, actor=unit.actor, today=unit.today)

    return await store.execute(command, decide, whole=True)


async def open_organisation(store: Store, command: Command, values: forms.OrganisationForm) -> Outcome:
    """An organisation begins to have people in the programme, or does again."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        code = code_of(values.name)
        (state,) = await unit.states(organisation_of(store, code))
        name = await unit.vault.write("organisation", code, {"name": values.name})
        return rules.open_organisation(state, organisation=code, kind=values.kind, name=name, today=unit.today)

    return await store.execute(command, decide, whole=True)


async def close_organisation(store: Store, command: Command, code: str) -> Outcome:
    """An organisation ends."""

    async def decide(unit: Unit) -> Decision:
        await unit.conn.execute(LOCK)
        (state,) = await unit.states(organisation_of(store, code))
        active = sum(organisation == code for _, organisation in (await _active(unit)).values())
        decision = rules.close_organisation(state, organisation=code, active=active, today=unit.today)
        return _whole(await _written_organisation(unit, code), decision)

    return await store.execute(command, decide, whole=True)
