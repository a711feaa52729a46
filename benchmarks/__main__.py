"""`make bench`: each figure with the limit measured in the same run and the ratio.

`python -m benchmarks [--events 1000000] [--only abcdef] [--people 20000]`.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import uvloop

from benchmarks import append, intake_pages, latency, live, replays
from benchmarks.parts import Figure, table
from deploy.local import kafka, postgres
from shared.settings import settings
from shared.tuning import few_collections
from tests.chaos.harness import make_secrets


async def _run(folder: Path, events: int, only: str, people: int) -> list[Figure]:
    figures: list[Figure] = []
    if "a" in only:
        figures += await latency.measure(folder / "latency", 20)
    if set(only) & set("bcde"):
        database, broker = postgres.start(folder / "postgres"), kafka.start(folder / "kafka")
        current = replace(
            settings,
            database_url=database.url,
            log_url=f"kafka://{broker.bootstrap}",
            secrets_path=make_secrets(folder),
            home=folder,
        )
        try:
            if "d" in only:
                figures += await append.measure(current)
            if "c" in only:
                figures += await live.measure(current, min(events, 120_000))
            if "b" in only or "e" in only:
                figures += await replays.measure(current, events)
        finally:
            broker.stop()
            database.stop()
    if "f" in only:
        database = postgres.start(folder / "postgres-intake")
        try:
            figures += await intake_pages.measure(replace(settings, database_url=database.url), people)
        finally:
            database.stop()
    return figures


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", default="abcdef", help="letters of the figures, e.g. bd")
    parser.add_argument("--people", type=int, default=20_000, help="persons of figure f; 200000 for the whole of it")
    arguments = parser.parse_args()
    few_collections()  # as the platform's own processes
    with tempfile.TemporaryDirectory(prefix="insieme-bench-") as folder:
        print(table(uvloop.run(_run(Path(folder), arguments.events, arguments.only, arguments.people))))


if __name__ == "__main__":
    main()
