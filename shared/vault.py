"""Personal data: versioned, encrypted, erasable, and never in the log.

A row is sealed with AES-256-GCM under its subject's own key, which is wrapped by a generation of the master key
(shared/keys.py); the row's identity is the associated data, so that a sealed row opens nowhere else. The fact in
the log carries only a reference: row id, version and a commitment HMAC-SHA-256(r, header || text) with r random
*inside* the row. While the row lives the commitment proves its text unchanged; once row and key are gone there is
nothing to guess from, since r is gone too.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import keys
from shared.checked import CHECKED, DatabaseUnchecked
from shared.keys import NONCE, Tampered, derived_key
from shared.settings import Settings

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A sealed row that waits for the end of its transaction."""

    row_id: str
    version: int
    kind: str
    subject: str
    sealed: bytes


@dataclass
class Pending:
    """What a command wants to write; nothing of it stays if the command is refused."""

    rows: list[Row] = field(default_factory=list)
    keys: dict[str, bytes] = field(default_factory=dict)
    tokens: list[tuple[str, bytes, str]] = field(default_factory=list)
    dropped_tokens: list[tuple[str, str]] = field(default_factory=list)
    dropped_rows: list[tuple[str, str]] = field(default_factory=list)
    profiles: dict[str, Values | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.rows or self.keys or self.tokens or self.dropped_tokens or self.dropped_rows or self.profiles
        )  # fmt: skip


class Vault:
    """The vault of one service. Its methods take the connection, so that they live in the caller's transaction."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._service = service
        self._settings = settings
        self.recovering = False
        """Set where a restored database is brought forward: there texts are opened before the check."""

    def keyed_hash(self, purpose: str, value: str) -> bytes:
        """Finds a value again without keeping it: HMAC-SHA-256 under a key of its own, never a bare hash
        (codici fiscali can be enumerated)."""
        key = derived_key(self._settings.secret("index_key"), f"index/{self._service}/{purpose}")
        return hmac.new(key, value.encode(), hashlib.sha256).digest()

    def _header(self, row_id: str, version: int, kind: str, subject: str) -> bytes:
        return orjson.dumps([self._service, row_id, version, kind, subject])

    async def _keys(self, conn: AsyncConnection, subjects: Iterable[str], opening: bool = False) -> dict[str, bytes]:
        rows = await conn.execute(
            text(f"select subject, generation, wrapped, {CHECKED} from vault_keys where subject = any(:subjects)"),
            {"subjects": list(set(subjects))},
        )
        found = rows.all()
        if opening and not self.recovering and not all(checked for *_, checked in found):
            raise DatabaseUnchecked(self._service)  # it may know people who were erased since
        return {
            subject: keys.unwrap(self._settings, self._service, generation, subject, wrapped)
            for subject, generation, wrapped, _ in found
        }

    async def seal(
        self, conn: AsyncConnection, pending: Pending, row_id: str, kind: str, subject: str, values: Values | bytes,
        new: bool = False, waiting: Sequence[Row] = (),
    ) -> str:  # fmt: skip
        """Prepares the next version of the row and returns the reference that the fact carries. `values` may be the
        bytes of a file, under a kind of its own. `new`: there can be no earlier version, since the row's id comes
        from a cause that left nothing yet. `waiting`: what earlier commands of this transaction will write."""
        key = pending.keys.get(subject) or (await self._keys(conn, [subject])).get(subject)
        if key is None:
            key = AESGCM.generate_key(256)
            pending.keys[subject] = key
        latest = text("select coalesce(max(version), 0) from vault_rows where row_id = :row")
        version = 1 + max(
            0 if new else int(await conn.scalar(latest, {"row": row_id}) or 0),
            max((row.version for row in (*waiting, *pending.rows) if row.row_id == row_id), default=0),
        )
        header = self._header(row_id, version, kind, subject)
        secret = os.urandom(32)
        words = values if isinstance(values, bytes) else orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
        nonce = os.urandom(NONCE)
        pending.rows.append(
            Row(row_id, version, kind, subject, nonce + AESGCM(key).encrypt(nonce, secret + words, header))
        )
        commitment = hmac.new(secret, header + words, hashlib.sha256).hexdigest()
        return f"{row_id}:{version}:{commitment}"

    async def read(self, conn: AsyncConnection, reference: str) -> Values | None:
        """The text behind a reference; None once it was erased. Raises Tampered and KeyGone."""
        return (await self.read_many(conn, [reference])).get(reference)

    async def read_many(self, conn: AsyncConnection, references: Sequence[str]) -> dict[str, Values]:
        """The texts behind the references that still exist. Raises Tampered."""
        return {one: orjson.loads(words) for one, words in (await self._words(conn, references)).items()}

    async def read_bytes(self, conn: AsyncConnection, reference: str) -> bytes | None:
        """The file behind a reference; None once it was erased. Raises Tampered."""
        return (await self._words(conn, [reference])).get(reference)

    async def _words(self, conn: AsyncConnection, references: Sequence[str]) -> dict[str, bytes]:
        wanted = {tuple(reference.split(":", 2)[:2]): reference for reference in references}
        found = await conn.execute(
            text(
                "select row_id::text, version, kind, subject, sealed from vault_rows"
                " where (row_id, version) in (select * from unnest(cast(:rows as uuid[]), cast(:versions as int[])))"
            ),
            {"rows": [row for row, _ in wanted], "versions": [int(version) for _, version in wanted]},
        )
        opened = await self._open(conn, [Row(*values) for values in found])
        result: dict[str, bytes] = {}
        for row, secret, words in opened:
            reference = wanted[row.row_id, str(row.version)]
            header = self._header(row.row_id, row.version, row.kind, row.subject)
            commitment = hmac.new(secret, header + words, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(commitment, reference.split(":", 2)[2]):
                raise Tampered(row.row_id)
            result[reference] = words
        return result

    async def latest(self, conn: AsyncConnection, kind: str, subjects: Sequence[str]) -> dict[str, Values]:
        """The newest version of that kind for each subject that has one."""
        found = await conn.execute(
            text(
                "select distinct on (subject) row_id::text, version, kind, subject, sealed from vault_rows"
                " where kind = :kind and subject = any(:subjects) order by subject, written_at desc, version desc"
            ),
            {"kind": kind, "subjects": list(set(subjects))},
        )
        rows = [Row(*values) for values in found]
        return {row.subject: orjson.loads(words) for row, _, words in await self._open(conn, rows)}

    async def _open(self, conn: AsyncConnection, rows: list[Row]) -> list[tuple[Row, bytes, bytes]]:
        keys = await self._keys(conn, [row.subject for row in rows], opening=True)
        opened = []
        for row in rows:
            key = keys.get(row.subject)
            if key is None:
                continue  # the key was destroyed: the row is as good as erased
            header = self._header(row.row_id, row.version, row.kind, row.subject)
            try:
                plain = AESGCM(key).decrypt(row.sealed[:NONCE], row.sealed[NONCE:], header)
            except (InvalidTag, ValueError) as error:  # ValueError: cut shorter than a nonce
                raise Tampered(row.row_id) from error
            opened.append((row, plain[:32], plain[32:]))
        return opened

    async def find(self, conn: AsyncConnection, purpose: str, tokens: Sequence[str], limit: int = 50) -> list[str]:
        """The subjects that carry *all* the tokens (names by prefix, codice fiscale, phone)."""
        hashes = list({self.keyed_hash(purpose, token) for token in tokens})
        found = await conn.execute(
            text(
                "select subject from vault_index where purpose = :purpose and token = any(:tokens)"
                " group by subject having count(*) = :n order by subject limit :limit"
            ),
            {"purpose": purpose, "tokens": hashes, "n": len(hashes), "limit": limit},
        )
        return list(found.scalars())

    async def find_any(
        self, conn: AsyncConnection, purpose: str, tokens: Sequence[str], limit: int = 50
    ) -> dict[str, set[str]]:
        """The subjects that carry at least one of the tokens, with those that they carry."""
        hashes = {self.keyed_hash(purpose, token): token for token in tokens}
        found = await conn.execute(
            text(
                "select subject, array_agg(token) from vault_index where purpose = :purpose and token = any(:tokens)"
                " group by subject order by count(*) desc, subject limit :limit"
            ),
            {"purpose": purpose, "tokens": list(hashes), "limit": limit},
        )
        return {subject: {hashes[token] for token in carried} for subject, carried in found}

    def drop(self, pending: Pending, subject: str, row_id: str) -> None:
        """Deletes all versions of a row of the subject, for ever."""
        pending.dropped_rows.append((subject, row_id))

    def index(self, pending: Pending, purpose: str, subject: str, tokens: Iterable[str]) -> None:
        """Makes the subject findable by these tokens, and by no others of this purpose."""
        pending.dropped_tokens.append((purpose, subject))
        pending.tokens += [(purpose, token, subject) for token in {self.keyed_hash(purpose, t) for t in tokens}]

    async def write(self, conn: AsyncConnection, pending: Pending, now: datetime) -> None:
        """Writes what was prepared; called by the store before the facts, in their transaction."""
        if pending.keys:
            wrapped = [keys.wrap(self._settings, self._service, subject, key) for subject, key in pending.keys.items()]
            await conn.execute(
                text(
                    "insert into vault_keys (subject, generation, wrapped) select * from"
                    " unnest(cast(:s as text[]), cast(:g as smallint[]), cast(:w as bytea[]))"
                ),
                {"s": list(pending.keys), "g": [g for g, _ in wrapped], "w": [w for _, w in wrapped]},
            )
        if pending.rows:
            rows = pending.rows
            await conn.execute(
                text(
                    "insert into vault_rows (row_id, version, kind, subject, sealed, written_at)"
                    " select r, v, k, s, d, :now from unnest(cast(:r as uuid[]), cast(:v as int[]), cast(:k as text[]),"
                    " cast(:s as text[]), cast(:d as bytea[])) as t(r, v, k, s, d)"
                ),
                {
                    "r": [row.row_id for row in rows], "v": [row.version for row in rows],
                    "k": [row.kind for row in rows], "s": [row.subject for row in rows],
                    "d": [row.sealed for row in rows], "now": now,
                },
            )  # fmt: skip
        for subject, row_id in pending.dropped_rows:
            await conn.execute(
                text("delete from vault_rows where row_id = cast(:row as uuid) and subject = :subject"),
                {"row": row_id, "subject": subject},
            )
        for purpose, subject in pending.dropped_tokens:
            await conn.execute(
                text("delete from vault_index where purpose = :purpose and subject = :subject"),
                {"purpose": purpose, "subject": subject},
            )
        if pending.tokens:
            await conn.execute(
                text(
                    "insert into vault_index select * from unnest(cast(:p as text[]), cast(:t as bytea[]),"
                    " cast(:s as text[])) on conflict do nothing"
                ),
                {
                    "p": [purpose for purpose, _, _ in pending.tokens],
                    "t": [token for _, token, _ in pending.tokens],
                    "s": [subject for _, _, subject in pending.tokens],
                },
            )
        if pending.profiles:
            await conn.execute(
                text(
                    "insert into profiles_out as p (person_id, version, data)"
                    " select i, 1, cast(d as jsonb) from unnest(cast(:i as text[]), cast(:d as text[])) as t(i, d)"
                    " on conflict (person_id) do update set version = p.version + 1, data = excluded.data"
                ),
                {
                    "i": list(pending.profiles),
                    "d": [None if v is None else orjson.dumps(v).decode() for v in pending.profiles.values()],
                },
            )

    async def erase(self, conn: AsyncConnection, subject: str) -> int:
        """Destroys the subject's key and deletes rows and index; returns how many rows there were."""
        await conn.execute(text("delete from vault_keys where subject = :subject"), {"subject": subject})
        await conn.execute(text("delete from vault_index where subject = :subject"), {"subject": subject})
        gone = await conn.execute(text("delete from vault_rows where subject = :subject"), {"subject": subject})
        return gone.rowcount
