"""Windowed monitoring on Faust: counts what is recorded on `pathway` and publishes the windows on `monitoring`.

`python -m services.reporting.streams worker`, with the environment of requirements/streams.txt: nothing else of
the platform imports faust, and this module imports only what needs no more than the standard library.

For watching only. At-least-once delivery can count twice after a kill -9 (10 % was measured); the live page says
so and reconciles with the views. What keeps it near the truth:
- duplicates in the log are dropped by the same Sequencer as everywhere;
- each fact is sent on once per code, keyed by the key of the windowed tables (what `group_by` does for one key),
  so that a table's changelog has the partitions of the records that fill it, and recovery keeps their order;
- all topics are made before Faust starts: those it would make itself have one partition and break its tables;
- windows are forgotten by the facts' own time: Faust's expiry looks at the machine's clock, which is not the
  platform's in demonstration mode.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import faust
import orjson
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError, TopicAlreadyExistsError

from services.reporting import windows
from services.reporting.windows import Cell, Seen
from shared import probes
from shared.log import kafka_tls
from shared.sequencer import Broken, step
from shared.settings import settings

log = logging.getLogger("insieme.streams")
NS = settings.namespace
APP = f"{NS}reporting-streams"
PATHWAY, MONITORING = f"{NS}pathway", f"{NS}monitoring"
PATHWAY_PARTITIONS, CELL_PARTITIONS = 12, 3
CELLS = f"{NS}monitoring-cells"
DAY_MS = 86_400_000
PUBLISH_EVERY = 0.5
DATA = Path(os.environ.get("FAUST_DATADIR") or settings.home / "faust" / (NS or "main"))
TLS = kafka_tls.context()

LOGS = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "shared.json_lines.JsonLines"}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["lines"], "level": "ERROR"},
    "loggers": {"insieme": {"level": "INFO"}},
}
app = faust.App(
    APP,
    broker=settings.log_url if settings.log_url.startswith("kafka://") else "kafka://127.0.0.1:9092",
    store="memory://",
    broker_credentials=faust.SSLCredentials(context=TLS) if TLS else None,
    datadir=str(DATA),
    web_enabled=False,
    topic_allow_declare=False,
    topic_disable_leader=True,
    processing_guarantee="at_least_once",
    consumer_auto_offset_reset="earliest",
    stream_wait_empty=False,
    logging_config=LOGS,
)
pathway = app.topic(PATHWAY, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
cells = app.topic(CELLS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
monitoring = app.topic(MONITORING, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
seen = app.Table("seen", partitions=PATHWAY_PARTITIONS)
"""`source|partition` -> the last number taken and its event id; filled only by records of that partition."""
districts = app.Table("districts", partitions=PATHWAY_PARTITIONS)
"""Person -> district; a person's facts are all in one partition."""
counted = app.Table("counted", partitions=CELL_PARTITIONS)
"""`key|source|partition` -> the last number counted under this key."""


def relative(window: str):
    """The moment of a cell on the clock of this window, for Faust's windowed tables."""
    return lambda event: float(orjson.loads(event.value)[window])


tables = {
    window: app.Table(f"counts-{window}", default=int, partitions=CELL_PARTITIONS)
    .tumbling(seconds)
    .relative_to(relative(window))
    for window, seconds in windows.SECONDS.items()
}
kept: dict[tuple[str, str], set[int]] = {}
"""The starts that a table holds for each (window, key), so that the old ones can be dropped."""
waiting: dict[Cell, int] = {}
"""What changed since it was last published."""
newest = datetime.fromtimestamp(0, UTC)


@app.agent(pathway, name="sort")
async def sort(stream):
    """Drops duplicates and sends each fact on, once for every code it counts under."""
    async for event in stream.events():
        headers = dict(event.message.headers)
        try:
            source, event_id = headers["ce_source"].decode(), headers["ce_id"].decode()
            number, predecessor = int(headers["ce_number"]), headers.get("ce_predecessor", b"").decode() or None
            type_, subject = headers["ce_type"].decode(), headers["ce_subject"].decode()
            time = datetime.fromisoformat(headers["ce_time"].decode())
        except (KeyError, ValueError):
            log.warning("a record without the headers of a fact was passed over")
            continue
        place = f"{source}|{event.message.partition}"
        last = seen.get(place)
        verdict = step((last[0], last[1]) if last else None, number, event_id, predecessor)
        if verdict == "skip":
            continue
        if isinstance(verdict, Broken):
            # Monitoring goes on where the service's own reader would stop: that one says so on its page.
            log.warning("sequence of %s in partition %d: %s", source, event.message.partition, verdict.code)
        seen[place] = [number, event_id]
        fact = Seen(source, type_, subject, time, event.value)
        try:
            district = windows.district_said(type_, event.value)
        except (KeyError, ValueError, TypeError):
            district = None
        if district is not None:
            districts[subject] = district
        said = {"time": time.isoformat(), "place": place, "number": number}
        said |= {window: windows.moment(window, time) for window in windows.SECONDS}
        for dimension, code in windows.codes(fact, districts.get(subject)):
            await cells.send(key=f"{dimension}|{code}".encode(), value=orjson.dumps(said))


@app.agent(cells, name="count")
async def count(stream):
    """Counts in the windowed tables, keyed as the records are."""
    global newest
    async for event in stream.events():
        key, values = event.key.decode(), orjson.loads(event.value)
        dimension, _, code = key.partition("|")
        # A rebalance delivers records again. Those of one place reach a key in the order of their numbers.
        origin = f"{key}|{values['place']}"
        if values["number"] <= counted.get(origin, 0):
            continue
        counted[origin] = values["number"]
        newest = max(newest, datetime.fromisoformat(values["time"]))
        for window, table in tables.items():
            table[key] += 1
            start = windows.start_of(window, values[window])
            cell = (window, start, dimension, code)
            if windows.recent(cell, newest):
                waiting[cell] = table[key].value(event)
            starts = kept.setdefault((window, key), set())
            starts.add(start)
            # Only of this key: a deletion goes to the changelog partition of the record at hand.
            for old in [s for s in starts if not windows.recent((window, s, dimension, code), newest)]:
                starts.discard(old)
                table[key].__delitem__((float(old), old + windows.SECONDS[window] - 0.1))


@app.timer(PUBLISH_EVERY)
async def publish():
    """Publishes what changed. Each figure is whole in itself: the last one of a cell holds."""
    changed = dict(waiting)
    waiting.clear()
    for cell, n in changed.items():
        if windows.recent(cell, newest):
            key, value = windows.encode(cell, n)
            await monitoring.send(key=key, value=value)


def recovered(window: str):
    """After a restart: what the tables hold is known again, and published again."""

    async def take() -> None:
        global newest
        for (key, (start, _)), n in list(tables[window].table.data.items()):
            dimension, _, code = key.partition("|")
            kept.setdefault((window, key), set()).add(int(start))
            waiting[window, int(start), dimension, code] = n
            newest = max(newest, windows.instant_of(window, int(start)))

    return take


for _window in tables:
    tables[_window].on_recover(recovered(_window))


class Health:
    """Ready once the tables hold again what they held before the last stop."""

    @property
    def not_ready(self) -> str | None:
        return None if app.tables.recovery.completed.is_set() else "the windows are being recovered"


@app.task
async def answer_probes() -> None:
    """/livez, /readyz and /metrics, as every process of the platform has them."""
    await probes.serve(Health(), int(os.environ.get("INSIEME_PROBE_PORT", "0")))


async def create_topics() -> None:
    """Makes the application's own topics. Raises SystemExit where the platform's are not there yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.log_url.removeprefix("kafka://"), **kafka_tls.for_aiokafka())
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        if not {PATHWAY, MONITORING} <= existing:
            raise SystemExit("Mancano gli argomenti del registro: eseguire prima «python -m shared.topics».")
        wanted = [NewTopic(CELLS, CELL_PARTITIONS, 1, topic_configs={"retention.ms": str(DAY_MS)})]
        logs = {"seen": PATHWAY_PARTITIONS, "districts": PATHWAY_PARTITIONS, "counted": CELL_PARTITIONS}
        logs |= {f"counts-{window}": CELL_PARTITIONS for window in tables}
        wanted += [
            NewTopic(f"{app.conf.id}-{name}-changelog", n, 1, topic_configs={"cleanup.policy": "compact"})
            for name, n in logs.items()
        ]
        missing = [topic for topic in wanted if topic.name not in existing]
        if missing:
            try:
                await admin.create_topics(missing)
            except TopicAlreadyExistsError:
                log.info("another worker made the topics")
        await _coordinated(admin)
    finally:
        await admin.close()


async def _coordinated(admin: AIOKafkaAdminClient) -> None:
    """Until a broker coordinates Faust's group. A new one has nobody for it before it was first asked, and Faust would
    write an error: the first thing that somebody reads who starts the platform for the first time."""
    for _ in range(50):
        try:
            await admin.find_coordinator(app.conf.id)
            return
        except GroupCoordinatorNotAvailableError:
            await asyncio.sleep(0.2)


def main() -> None:
    """Topics first, then Faust's own command line."""
    if not settings.log_url.startswith("kafka://"):
        raise SystemExit("Il registro è incorporato: le finestre le conta la pagina in diretta, senza Faust.")
    DATA.mkdir(parents=True, exist_ok=True)
    asyncio.run(create_topics())
    if not {"-l", "--loglevel"} & set(sys.argv):
        sys.argv += ["-l", "info"]  # which lines there are, LOGS says; from "warning" on Faust draws a spinner
    sys.argv.insert(1, "--quiet")  # its banner is drawn for a terminal
    if "worker" in sys.argv:
        # Its web server would listen on every address of the machine: the command line overrides the setting.
        sys.argv.append("--without-web")
    app.main()


if __name__ == "__main__":
    main()
