"""Drafts of forms: sealed, one per account and form, gone when the form is sent or after some days.

No fact: a draft is what nobody has decided yet. It is sealed with a key derived from the vault's generation of
master keys, so that a table or a backup alone tells nothing, and an old backup nothing at all once the generation is
destroyed; a person's drafts go with the person (`forget`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.domain.drafts import kept_since, subject_of
from shared import clock, keys
from shared.events.intake import PersonErased
from shared.keys import NONCE
from shared.store import Store

Fields = list[tuple[str, str]]
"""Names and values as the browser sends them, in their order; a name may come more than once."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, and when it was last saved."""

    fields: Fields
    saved_at: datetime


def _ciphers(store: Store) -> list[AESGCM]:
    """The first one seals; a draft of before the last change of keys opens with a later one."""
    return [AESGCM(key) for key in keys.derived(store.settings, store.service, "drafts")]


def _opened(ciphers: Sequence[AESGCM], sealed: bytes, header: bytes) -> bytes | None:
    for cipher in ciphers:
        try:
            return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], header)
        except InvalidTag:
            continue
    return None


def _header(account: str, form: str) -> bytes:
    return orjson.dumps([account, form])


def browser_key(store: Store, account: str) -> str:
    """The key (base64) under which this account's browser keeps a draft while the network is away.

    Always the same for an account, so that it opens what an older session has left; it is given only to that
    account's signed-in pages and never stored in the browser.
    """
    return base64.b64encode(store.vault.keyed_hash("drafts-browser-key", account)).decode()


def browser_tag(store: Store, account: str) -> str:
    """What tells this account's drafts from another's on a shared computer, without naming anybody."""
    return store.vault.keyed_hash("drafts-browser", account).hex()[:16]


async def save(store: Store, account: str, form: str, token: str, fields: Fields, now: datetime) -> None:
    """Keeps what was typed, instead of what was kept before."""
    nonce = os.urandom(NONCE)
    sealed = nonce + _ciphers(store)[0].encrypt(nonce, orjson.dumps(fields), _header(account, form))
    async with store.engine.begin() as conn:
        await conn.execute(
            text(
                "insert into drafts (account, form, subject, token, sealed, saved_at)"
                " select :account, :form, :subject, cast(:token as uuid), :sealed, :now"
                # A page that stood open may go on saving after the person was erased: nothing of it is kept.
                " where not exists (select 1 from events where stream_id = :subject and type = :erased)"
                " on conflict (account, form) do update set subject = excluded.subject, token = excluded.token,"
                " sealed = excluded.sealed, saved_at = excluded.saved_at"
            ),
            {"account": account, "form": form, "subject": subject_of(form), "token": token, "sealed": sealed,
             "now": now, "erased": PersonErased.TYPE},
        )  # fmt: skip


async def load(store: Store, account: str, forms: Sequence[str], now: datetime) -> dict[str, Draft]:
    """The account's own drafts of these forms. One that does not open (a destroyed key) is left out."""
    async with store.reads.connect() as conn:
        rows = await conn.execute(
            text(
                "select form, sealed, saved_at from drafts"
                " where account = :account and form = any(:forms) and saved_at >= :since"
            ),
            {"account": account, "forms": list(forms), "since": kept_since(now, clock.civil(now))},
        )
        found = rows.all()
    ciphers, drafts = _ciphers(store), {}
    for form, sealed, saved_at in found:
        plain = _opened(ciphers, sealed, _header(account, form))
        if plain is None:
            continue
        drafts[form] = Draft([(str(name), str(value)) for name, value in orjson.loads(plain)], saved_at)
    return drafts


async def drop(store: Store, account: str, *, token: str | None = None, form: str | None = None) -> None:
    """The form was sent (its token), or the draft is not wanted."""
    async with store.engine.begin() as conn:
        await conn.execute(
            text(
                "delete from drafts where account = :account"
                " and (token = cast(:token as uuid) or form = cast(:form as text))"
            ),
            {"account": account, "token": token, "form": form},
        )


async def purge(conn: AsyncConnection, now: datetime) -> int:
    """Deletes the drafts whose days are over; returns how many."""
    since = kept_since(now, clock.civil(now))
    gone = await conn.execute(text("delete from drafts where saved_at < :since"), {"since": since})
    return gone.rowcount


async def overdue(conn: AsyncConnection, now: datetime) -> int:
    """How many drafts are over and still there."""
    query = text("select count(*) from drafts where saved_at < :since")
    return int(await conn.scalar(query, {"since": kept_since(now, clock.civil(now))}) or 0)


async def forget(conn: AsyncConnection, person_id: str) -> int:
    """Deletes everybody's drafts about a person; part of their erasure."""
    gone = await conn.execute(text("delete from drafts where subject = :person"), {"person": person_id})
    return gone.rowcount
