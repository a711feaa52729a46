"""One archive of the whole platform: `python -m deploy.backup backup FILE`, `restore FILE`.

It holds every service's facts, vault, views and positions (pg_dump), the log with headers, numbers and order, and
which scenario runs. The secrets and master keys go into a second file, FILE.keys, to be kept elsewhere: the archive
tells no name without it, and none for ever once its generation of keys is destroyed (deploy/archive_keys.py).

It is of one instant although the platform runs: while nobody can commit (a lock on the counters of all services,
for some milliseconds) the snapshot of the databases and the ends of the log are noted, and both are then read at
leisure up to there. Databases first, then the log would do for the facts, since `recover` takes them from the log;
but it would lose the vault's texts of all that was recorded in between.

The log is restored through the port, record by record, so it may come back on the other kind of broker. It is then
another log: positions name their log, so readers start at 0 and skip by number what their views have. The
databases come last and in one transaction: whatever fails before leaves them empty, and the same command goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy import archive_erasures, archive_keys
from deploy.archive import (
    DATABASE,
    FORMAT,
    LOG,
    MANIFEST,
    PLACES,
    SCENARIO,
    SECRETS,
    Refused,
    already_there,
    append,
    pack,
    sha256,
    unpack,
    workspace,
    write_log,
    write_private,
)  # fmt: skip
from deploy.local import home, kafka, postgres
from deploy.local.process import Unavailable
from shared import db, erasure, topics
from shared.erasure import Erased
from shared.events import SERVICES
from shared.log import Log, LogUnavailable, TopicPartition, open_log
from shared.recovery import CannotRecover, recover
from shared.relay import Relay, Restored
from shared.settings import Settings, settings
from shared.store import Store
from shared.worker import LeadershipLost, leadership

Say = Callable[[str], None]


async def backup(file: Path, current: Settings, say: Say = print) -> str:
    """Writes the archive and returns its fingerprint (SHA-256). Raises Refused and LogUnavailable."""
    if any(os.environ.get(f"DATABASE_URL_{service.upper()}") for service in SERVICES):
        raise Refused("I servizi hanno basi dati separate: ciascuna va copiata con gli strumenti del suo server.")
    file.parent.mkdir(parents=True, exist_ok=True)
    log = open_log(current.log_url, current.namespace)
    await log.start()
    try:
        with workspace(file.parent) as folder:
            begins = await log.begins(PLACES)
            async with _one_instant(current, log) as (conn, snapshot, ends):
                schemas = [schema for pair in _schemas(current) for schema in pair]
                await asyncio.to_thread(
                    _run, current, "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}",
                    f"--file={folder / DATABASE}", *(f'--schema="{schema}"' for schema in schemas),
                )  # fmt: skip
                facts = await _facts(conn, current)
                generations = await _generations(conn, current)
            records = await write_log(folder / LOG, log, begins, ends)
            if (current.home / SCENARIO).exists():
                shutil.copyfile(current.home / SCENARIO, folder / SCENARIO)
            files = {one.name: sha256(one) for one in sorted(folder.iterdir())}
            manifest = {
                "format": FORMAT, "made_at": datetime.now(UTC).isoformat(), "namespace": current.namespace,
                "facts": facts, "generations": generations, "records": records, "files": files,
            }  # fmt: skip
            (folder / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
            fingerprint = pack(folder, [MANIFEST, *files], file)
            archive_keys.write(archive_keys.beside(file), current)
            await archive_erasures.write(archive_erasures.beside(file), current)
    finally:
        await log.stop()
    say(f"{sum(facts.values())} fatti e {records} record del registro in {file} ({file.stat().st_size} byte)")
    say(f"Impronta SHA-256, da conservare altrove: {fingerprint}")
    say(f"Le chiavi sono in {archive_keys.beside(file)}: vanno custodite altrove. Aprono anche le copie di prima;")
    say("i file delle chiavi di prima vanno eliminati, altrimenti ciò che la piattaforma distrugge resta lì.")
    return fingerprint


@asynccontextmanager
async def _one_instant(
    current: Settings, log: Log
) -> AsyncIterator[tuple[AsyncConnection, str, dict[TopicPartition, int]]]:
    """A connection that keeps the snapshot it names open, and the ends of the log at that instant."""
    await log.ends(PLACES)  # connections are made before anybody has to wait
    engine = db.admin_engine(current)
    engine_2 = db.admin_engine(current)
    try:
        async with engine_2.connect() as conn:
            await conn.execution_options(isolation_level="REPEATABLE READ")
            async with engine.begin() as freezing:
                tables = ", ".join(f'"{facts}".counters' for facts, _ in _schemas(current))
                await freezing.execute(text("set local lock_timeout = '15s'"))
                await freezing.execute(text(f"lock table {tables} in share mode"))
                snapshot = str(await conn.scalar(text("select pg_export_snapshot()")))
                ends = await log.ends(PLACES)
            yield conn, snapshot, ends
    finally:
        await engine.dispose()
        await engine_2.dispose()


async def restore(
    file: Path, current: Settings, say: Say = print, fingerprint: str | None = None, keys_file: Path | None = None,
    erasures_file: Path | None = None,
) -> None:  # fmt: skip
    """Brings the archive back into an empty platform. Raises Refused and LogUnavailable.

    Everything is checked before anything is written, also whether the keys that open the archive still exist.
    """
    keys_file = keys_file or archive_keys.beside(file)
    erased = archive_erasures.read(erasures_file) if erasures_file else []
    with workspace(file.parent) as folder:
        manifest = unpack(file, folder, fingerprint)
        if manifest["namespace"] != current.namespace:
            raise Refused("L'archivio è di una piattaforma con un altro prefisso (INSIEME_NAMESPACE).")
        theirs = archive_keys.read(manifest, folder, keys_file, current)
        held = archive_keys.joined(theirs, current)
        archive_keys.refuse_unless_openable(archive_keys.wanted(manifest, theirs), held, keys_file)
        await db.migrate(SERVICES, current)
        log = open_log(current.log_url, current.namespace)
        await log.start()
        try:
            async with AsyncExitStack() as stack:
                for service in SERVICES:
                    store = Store(service, db.service_engine(service, current, pool_size=2), current)
                    stack.push_async_callback(store.close)
                    await stack.enter_async_context(leadership(store, wait=False))
                await topics.create(log)
                await _refuse_unless_empty(current)
                there = await already_there(log, folder / LOG)
                shifted = await append(log, folder / LOG, there)
                archive_keys.bring(held, current)
                if (folder / SCENARIO).exists():
                    write_private(current.home / SCENARIO, (folder / SCENARIO).read_bytes())
                await asyncio.to_thread(_restore_database, folder, current)
                await _bring_forward(
                    replace(current), log, manifest, erased, say
                )  # a new object reads the secrets anew
        finally:
            await log.stop()
    if shifted:
        say("Gli offset del registro sono cambiati: i record parcheggiati vanno guardati uno per uno.")
    say(f"Ripristinati {sum(manifest['facts'].values())} fatti e {manifest['records']} record del registro.")


async def _refuse_unless_empty(current: Settings) -> None:
    engine = db.admin_engine(current)
    try:
        async with engine.connect() as conn:
            for schema, _ in _schemas(current):
                for table in ("events", "vault_rows", "profiles_out", "access_log"):
                    if await conn.scalar(text(f'select exists (select 1 from "{schema}".{table})')):
                        raise Refused("La piattaforma contiene già dati: un ripristino vuole una piattaforma vuota.")
    finally:
        await engine.dispose()


def _restore_database(folder: Path, current: Settings) -> None:
    """One transaction: the empty schemas go, the archive's come, and the views belong to their services again."""
    before, after = folder / "before.sql", folder / "after.sql"
    before.write_text(
        "set lock_timeout = '15s';\n"
        + "".join(f'drop schema "{schema}" cascade;\n' for pair in _schemas(current) for schema in pair)
    )
    after.write_text("".join(_owners(facts, views) for facts, views in _schemas(current)))
    sql = folder / "database.sql"
    _run(current, "pg_restore", "--no-owner", f"--file={sql}", str(folder / DATABASE), connect=False)
    scripts = [f"--file={script}" for script in (before, sql, after)]
    _run(current, "psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *scripts)


def _owners(role: str, views: str) -> str:
    """The service builds and drops its views itself; commands wait until its database was compared with the log."""
    return (
        f'alter schema "{views}" owner to "{role}";\n'
        "do $$ declare one text; begin for one in select format('%I.%I', schemaname, tablename) from"
        f" pg_catalog.pg_tables where schemaname = '{views}' loop execute 'alter table ' || one ||"
        f" ' owner to \"{role}\"'; end loop; end $$;\n"
        f'grant usage on schema "{role}" to "{role}";\n'
        f'delete from "{role}".health;\n'
        # A compaction while the log was read could have taken a profile before its newer version was met.
        f'update "{role}".profiles_out set published = 0;\n'
    )


async def _bring_forward(
    current: Settings, log: Log, manifest: dict[str, Any], erased: Sequence[Erased], say: Say
) -> None:
    """Newer tables where the archive is of an older version; then what `python -m services.<x> recover` does; and who
    was erased since is erased again, before anybody is served."""
    await db.migrate(SERVICES, current)
    for service in SERVICES:
        store = Store(service, db.service_engine(service, current, pool_size=2), current)
        try:
            count = await recover(store, log)
            await Relay(store, log).check()
            found = await _count(store)
        finally:
            await store.close()
        if found != manifest["facts"][service] + count:
            raise Refused(f"{service}: {found} fatti invece di {manifest['facts'][service] + count}.")
        say(f"{service}: {found} fatti, {count} dei quali ripresi dal registro")
    async with AsyncExitStack() as stack:
        stores = {}
        for service in SERVICES:
            stores[service] = Store(service, db.service_engine(service, current, pool_size=2), current)
            stack.push_async_callback(stores[service].close)
        again = await archive_erasures.apply(stores, [*await erasure.of_the_log(log), *erased])
    say(f"Cancellazioni applicate di nuovo, {again} delle quali successive alla copia.")
    if not erased:
        say(
            "Se dopo la copia sono state cancellate persone, il ripristino va fatto con --erasures e il registro nuovo."
        )


async def _count(store: Store) -> int:
    async with store.engine.connect() as conn:
        return int(await conn.scalar(text("select count(*) from events")) or 0)


async def _facts(conn: AsyncConnection, current: Settings) -> dict[str, int]:
    counts = {}
    for service, (schema, _) in zip(SERVICES, _schemas(current), strict=True):
        counts[service] = int(await conn.scalar(text(f'select count(*) from "{schema}".events')) or 0)
    return counts


async def _generations(conn: AsyncConnection, current: Settings) -> dict[str, dict[str, str]]:
    """Which generations of keys open the vaults, by service."""
    found = {}
    for service, (schema, _) in zip(SERVICES, _schemas(current), strict=True):
        used = (await conn.execute(text(f'select distinct generation from "{schema}".vault_keys'))).scalars()
        found[service] = archive_keys.checks(current, service, list(used))
    return found


def _schemas(current: Settings) -> list[tuple[str, str]]:
    """The schema of the facts and that of the views, of each service. (Those of `--as-of` are made anew.)"""
    return [(db.schema_name(service, current), db.views_schema(service, current)) for service in SERVICES]


def _run(current: Settings, program: str, *arguments: str, connect: bool = True) -> None:
    """One of PostgreSQL's programs, of the wheel or of the PATH. The password is in its environment only."""
    try:
        path = str(postgres.find_programs() / program)
    except Unavailable:
        path = program
    url = make_url(current.database_url)
    environment = dict(os.environ)
    if connect:
        environment |= {
            "PGHOST": url.host or "127.0.0.1", "PGPORT": str(url.port or 5432), "PGUSER": url.username or "postgres",
            "PGPASSWORD": str(url.password or ""), "PGDATABASE": url.database or "postgres",
        }  # fmt: skip
    try:
        done = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Refused(f"Manca il programma {program} di PostgreSQL.") from None
    if done.returncode != 0:
        # Only the first line: the rest can quote rows.
        raise Refused(f"{program}: {(done.stderr.strip() or 'errore').splitlines()[0]}")


@contextmanager
def parts(broker: str, say: Say = print) -> Iterator[Settings]:
    """The given parts, or those of this machine, started for the time of the restore. Raises Refused."""
    if settings.database_url:
        yield settings
        return
    folder = kafka.home()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with home.locked(folder, f"ripristino, processo {os.getpid()}"):
            secrets = home.secret_values(folder / SECRETS)
            database = postgres.find(folder, base64.b64decode(secrets["database_password"]).hex(), say)
            try:
                log = kafka.find(folder, broker, say)
                try:
                    log_url = f"kafka://{log.address}" if log else database.address
                    yield replace(
                        settings, database_url=database.address, log_url=log_url, home=folder,
                        secrets_path=folder / SECRETS,
                    )  # fmt: skip
                finally:
                    if log:
                        log.stop()
            finally:
                database.stop()
    except home.Busy:
        raise Refused("La piattaforma è in funzione: fermarla con Ctrl-C, poi ripetere.") from None


def main(arguments: list[str]) -> int:
    """The command line; 1 and an Italian sentence where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.backup", description="Copia e ripristino.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    saving = verbs.add_parser("backup", help="copia la piattaforma in funzione in un archivio")
    bringing = verbs.add_parser("restore", help="riporta un archivio in una piattaforma vuota e ferma")
    bringing.add_argument("--broker", choices=("auto", "embedded", "kafka"), default="auto")
    bringing.add_argument("--fingerprint", help="l'impronta stampata dal backup: rifiuta ogni altro archivio")
    bringing.add_argument("--erasures", type=Path, help="il registro delle cancellazioni più nuovo")
    bringing.add_argument("--keys", type=Path, help="il file delle chiavi (FILE.keys accanto all'archivio)")
    listing = verbs.add_parser("erasures", help="scrive il registro delle cancellazioni della piattaforma in funzione")
    for verb in (saving, bringing, listing):
        verb.add_argument("file", type=Path)
    read = parser.parse_args(arguments)
    try:
        if read.verb == "backup":
            if not settings.database_url:
                raise Refused("La piattaforma non è in funzione: avviarla con «make up».")
            asyncio.run(backup(read.file, settings))
        elif read.verb == "erasures":
            if not settings.database_url:
                raise Refused("La piattaforma non è in funzione: avviarla con «make up».")
            print(f"{asyncio.run(archive_erasures.write(read.file, settings))} cancellazioni in {read.file}")
        else:
            with parts(read.broker) as current:
                asyncio.run(
                    restore(
                        read.file,
                        current,
                        fingerprint=read.fingerprint,
                        keys_file=read.keys,
                        erasures_file=read.erasures,
                    )
                )
    except (Refused, Unavailable) as reason:
        print(reason, file=sys.stderr)
    except LeadershipLost:
        print("Un processo worker è attivo: fermare i servizi, poi ripetere.", file=sys.stderr)
    except LogUnavailable:
        print("Il registro degli eventi non risponde: riprovare quando è tornato.", file=sys.stderr)
    except (CannotRecover, Restored) as reason:
        print(f"Base dati e registro si contraddicono: {reason}", file=sys.stderr)
    except (DBAPIError, OSError) as reason:
        print(f"La base dati o il disco non rispondono ({type(reason).__name__}): riprovare.", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
