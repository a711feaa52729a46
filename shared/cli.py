"""The verbs of every service: `python -m services.<x> worker`, replay, recover, republish, redrive, skip, status,
rotate-keys."""

from __future__ import annotations

import argparse
import asyncio
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from shared import clock, erasure, keys, rotation, worker
from shared.db import service_engine
from shared.log import Log, TopicPartition, open_log
from shared.recovery import CannotRecover, recover
from shared.relay import Relay
from shared.replay import bar, replay
from shared.service import Service
from shared.settings import settings
from shared.shares import ReplayStopped
from shared.store import Store
from shared.tuning import few_collections


@asynccontextmanager
async def _parts(service: Service) -> AsyncIterator[tuple[Store, Log]]:
    store = Store(service.name, service_engine(service.name))
    log = open_log(settings.log_url, settings.namespace)
    await log.start()
    try:
        yield store, log
    finally:
        await log.stop()
        await store.close()


def instant(value: str) -> datetime:
    """An instant from the command line; without a zone it is Rome's."""
    parsed = datetime.fromisoformat(value)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=clock.ROME)).astimezone(UTC)


def place(value: str) -> tuple[TopicPartition, int]:
    """`topic/partition/offset`."""
    topic, partition, offset = value.rsplit("/", 2)
    return (topic, int(partition)), int(offset)


async def _replay(service: Service, arguments: argparse.Namespace) -> None:
    at = dict(place(value) for value in arguments.at) or None
    async with _parts(service) as (store, log):
        tables = await replay(
            service, store, log, view=arguments.view, as_of=arguments.as_of, at=at,
            progress=bar if sys.stderr.isatty() else None,
        )  # fmt: skip
    print(file=sys.stderr)
    for name, table in tables.items():
        print(f"{name}: {table}")


async def _recover(service: Service) -> None:
    async with _parts(service) as (store, log), worker.leadership(store, wait=False):
        count = await recover(store, log)
        gone = 0
        if service.forget is not None:
            erased = await erasure.of_the_log(log)
            gone = await erasure.apply(store, service.forget, [one.event for one in erased])
        await Relay(store, log).check()
    print(f"{service.name}: {count} fatti ripresi dal registro, {gone} testi di persone cancellate eliminati di nuovo")


async def _republish(service: Service) -> None:
    async with _parts(service) as (store, log), worker.leadership(store, wait=False):
        relay = Relay(store, log)
        await relay.check()
        await relay.republish()
        count = 0
        while sent := await relay.turn():
            count += sent
    print(f"{service.name}: {count} fatti pubblicati di nuovo")


async def request(
    store: Store, verb: str, by: str, *, topic: str | None = None, key: str | None = None, where: str | None = None
) -> None:
    """Asks the active worker to drive parked records again, or to pass over a void one."""
    at, offset = place(where) if where else ((topic, None), None)
    async with store.engine.begin() as conn:
        await conn.execute(
            text(
                'insert into requests (request_id, verb, topic, partition, "offset", key, requested_by, requested_at)'
                " values (cast(:id as uuid), :verb, :topic, :partition, :offset, :key, :by, :at)"
            ),
            {
                "id": str(uuid.uuid4()), "verb": verb, "topic": at[0], "partition": at[1], "offset": offset, "key": key,
                "by": by, "at": clock.now(),
            },
        )  # fmt: skip


async def _status(service: Service) -> None:
    store = Store(service.name, service_engine(service.name))
    async with store.engine.connect() as conn:
        waiting = await conn.scalar(
            text("select count(*) from events e join relayed r using (topic, partition) where e.number > r.number")
        )
        parked = await conn.scalar(text("select count(*) from parked where redriven_at is null"))
        stopped = (
            await conn.execute(text('select "where", reason from reader_state where reason is not null'))
        ).first()
        views = (await conn.execute(text("select view, table_name, faulty from views order by view"))).all()
    wrapped = await rotation.under(store)
    await store.close()
    print(f"{service.name}: {waiting} fatti da pubblicare, {parked} record parcheggiati")
    if stopped:
        print(f"  lettore fermo a {stopped[0]}: {stopped[1]}")
    for one in keys.ring(settings, service.name):
        print(f"  chiavi, generazione {one.id}: {_GENERATION[one.state]}, {wrapped.get(one.id, 0)} persone")
    for view, table, faulty in views:
        print(f"  {view}: {table}" + (f" — guasta ({faulty}), rimedia con: replay --view {view}" if faulty else ""))


_GENERATION = {"current": "in uso", "old": "vecchia, sarà distrutta", "destroyed": "distrutta"}


async def _rotate(service: Service) -> None:
    store = Store(service.name, service_engine(service.name))
    try:
        done = await rotation.rotate(store, clock.now())
    finally:
        await store.close()
    what = "nuova generazione di chiavi" if done.new else "generazione di chiavi già fatta, ora finita:"
    print(f"{service.name}: {what} {done.generation}, {done.keys} chiavi avvolte di nuovo")
    days = keys.kept_days(clock.today())
    print(f"Il worker distrugge la generazione precedente tra {days} giorni: le copie di prima non si apriranno più.")


def main(service: Service) -> None:
    """The command line of one service."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=service.name)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("worker", help="il processo che pubblica, legge e reagisce")
    builder = verbs.add_parser("replay", help="ricostruisce le viste dal registro")
    builder.add_argument("--view", help="solo questa vista")
    when = builder.add_mutually_exclusive_group()
    when.add_argument("--as-of", type=instant, help="come era a questo istante (in uno schema a parte)")
    when.add_argument("--at", action="append", default=[], metavar="TOPIC/PARTIZIONE/OFFSET", help="fino a qui")
    verbs.add_parser("recover", help="dopo un ripristino: riprende dal registro i fatti mancanti")
    verbs.add_parser("republish", help="pubblica di nuovo tutti i fatti dai numeri conservati")
    redrive = verbs.add_parser("redrive", help="riprova i record parcheggiati")
    redrive.add_argument("--key", help="solo questa chiave")
    skip = verbs.add_parser("skip", help="dichiara nullo il record davanti a cui il lettore si è fermato")
    skip.add_argument("where", metavar="TOPIC/PARTIZIONE/OFFSET")
    verbs.add_parser("status", help="che cosa aspetta, e quali generazioni di chiavi ci sono")
    verbs.add_parser("rotate-keys", help="nuova generazione di chiavi della cassaforte; ripetuto, finisce il lavoro")
    arguments = parser.parse_args()
    if arguments.verb == "worker":
        worker.main(service)
        return
    try:
        few_collections()
        asyncio.run(_verb(service, arguments))
    except (ReplayStopped, CannotRecover, keys.NotWritable) as error:
        raise SystemExit(str(error)) from None
    except (keys.KeyGone, keys.Tampered) as error:
        raise SystemExit(f"{service.name}: una chiave non si apre con la sua generazione ({error}).") from None
    except worker.LeadershipLost:
        raise SystemExit(f"Il processo worker di {service.name} è attivo: fermalo prima.") from None


async def _verb(service: Service, arguments: argparse.Namespace) -> None:
    match arguments.verb:
        case "replay":
            await _replay(service, arguments)
        case "recover":
            await _recover(service)
        case "republish":
            await _republish(service)
        case "redrive" | "skip":
            store = Store(service.name, service_engine(service.name))
            where = arguments.where if arguments.verb == "skip" else None
            key = arguments.key if arguments.verb == "redrive" else None
            await request(store, arguments.verb, "cli", key=key, where=where)
            await store.close()
            print("Richiesta registrata: il worker la esegue entro pochi secondi.")
        case "rotate-keys":
            await _rotate(service)
        case _:
            await _status(service)
