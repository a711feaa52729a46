"""The launcher: `python -m services up` runs the whole platform on one machine.

Order of starting: PostgreSQL, Kafka (or the embedded log), migrations, topics, the scenario into an empty
platform, then the site, one worker per service and the Faust worker. Ctrl-C stops them the other way round,
and the next `up` goes on where it stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from deploy.local import children, home, kafka, postgres
from deploy.local.children import Child
from deploy.local.process import Part, Unavailable, bindable

SERVICES = ("intake", "matching", "training", "enterprise", "reporting")
# Each scenario with the instant at which the demonstration clock starts: 8 in the morning after its last day.
SCENARIOS = {"h1-2024": "2024-07-01T06:00:00+00:00"}
DEFAULT_SCENARIO = "h1-2024"
STOPPING = "Arresto in corso: al prossimo avvio si riprende da qui"
ROOT = Path(__file__).resolve().parents[1]
STREAMS_PYTHON = ROOT / ".venv-streams" / "bin" / "python"
COMMANDS = {"simulate": "services.simulate", "export": "shared.export"}


class Refused(Exception):
    """The launcher cannot go on. The text is an Italian sentence."""


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line, made complete."""

    broker: str
    scenario: str
    host: str
    port: int
    mode: str
    home: Path

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{host}:{self.port}"


def main(argv: Sequence[str]) -> int:
    """Run a subcommand; the result is the exit code."""
    if argv and argv[0] in COMMANDS:
        home.join_running(kafka.home())
        return importlib.import_module(COMMANDS[argv[0]]).main(list(argv[1:])) or 0
    try:
        return up(parse(argv))
    except home.Busy as busy:
        say(f"Insieme è già in funzione su questa macchina ({busy}). Fermarlo con Ctrl-C prima di riavviarlo.")
    except (Refused, Unavailable) as reason:
        say(f"Avvio non riuscito: {reason}")
    return 1


def parse(argv: Sequence[str]) -> Options:
    """Read the command line. Raises Refused for a scenario outside demonstration mode."""
    parser = argparse.ArgumentParser(prog="python -m services")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("up", help="avvia l'intera piattaforma su questa macchina")
    run.add_argument("--broker", choices=("auto", "embedded", "kafka"), default="auto")
    run.add_argument("--scenario", choices=(*SCENARIOS, "none"))
    run.add_argument("--port", type=int, default=8080)
    run.add_argument("--host", default="127.0.0.1")
    for name in COMMANDS:
        commands.add_parser(name, help=f"vedi python -m services {name} --help")
    read = parser.parse_args(argv)
    mode = os.environ.get("INSIEME_MODE", "demo")
    scenario = read.scenario or (DEFAULT_SCENARIO if mode == "demo" else "none")
    if scenario != "none" and mode != "demo":
        raise Refused("uno scenario si carica solo in modalità dimostrativa (INSIEME_MODE=demo).")
    return Options(read.broker, scenario, read.host, read.port, mode, kafka.home())


def up(options: Options) -> int:
    """Run the platform until Ctrl-C or SIGTERM. Raises Busy, Refused, Unavailable."""
    options.home.mkdir(parents=True, exist_ok=True)
    (options.home / "logs").mkdir(exist_ok=True)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)  # all three end the launcher in the same way
    with ExitStack() as stack:
        stack.enter_context(home.locked(options.home, f"processo {os.getpid()}, {options.address}"))
        try:
            if not bindable(options.port):
                raise Refused(f"la porta {options.port} è occupata da un altro programma: usare PORT=…")
            secrets = home.secret_values(options.home / "secrets.json")
            password = base64.b64decode(secrets["database_password"]).hex()
            database = postgres.find(options.home, password, say)
            stack.callback(database.stop)
            say(f"PostgreSQL: {database.how}")
            broker = kafka.find(options.home, options.broker, say)
            if broker is None:
                say("Log degli eventi: incorporato, dentro PostgreSQL")
            else:
                stack.callback(broker.stop)
                say(f"Log degli eventi: {broker.how}, {broker.address}")
            return asyncio.run(run(options, database, broker))
        except KeyboardInterrupt:
            say(STOPPING)
            return 0
        finally:
            # From here on everything has a deadline of its own; an impatient second Ctrl-C would cut it off.
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sign, signal.SIG_IGN)


async def run(options: Options, database: Part, broker: Part | None) -> int:
    """Prepare the platform, then keep its children running until we are asked to stop."""
    stopping = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    scenario = await choose_scenario(options, database.address)
    settings = {
        "DATABASE_URL": database.address,
        "LOG_URL": f"kafka://{broker.address}" if broker else database.address,
        "INSIEME_MODE": options.mode,
        "INSIEME_HOME": str(options.home),
        "INSIEME_SECRETS": str(options.home / "secrets.json"),
        "INSIEME_SCENARIO": scenario,
        "INSIEME_BASE_URL": options.address,
    }
    environment = {**os.environ, **settings, "PYTHONUNBUFFERED": "1"}
    with ExitStack() as stack:
        watchers = [asyncio.create_task(children.watch("PostgreSQL", database, stopping, say))]
        if broker:
            watchers.append(asyncio.create_task(children.watch("Kafka", broker, stopping, say)))
        try:
            if await prepare(options, scenario, database.address, environment, stopping):
                settings |= clock(options.home)
                environment |= settings
                stack.enter_context(home.published(options.home, settings))
                await serve(options, platform(options, broker is not None), environment, stopping)
        finally:
            stopping.set()
            await asyncio.gather(*watchers)
    return 0


async def choose_scenario(options: Options, url: str) -> str:
    """The scenario of this platform: what it was filled with, while it is not empty, else what is asked."""
    loaded = home.read_loaded(options.home)
    if loaded is None or await is_empty(url):
        return options.scenario
    if loaded.scenario != options.scenario:
        say(f"La piattaforma contiene già dati: resta lo scenario «{loaded.scenario}»")
    return loaded.scenario


async def prepare(
    options: Options, scenario: str, url: str, environment: dict[str, str], stopping: asyncio.Event
) -> bool:
    """Migrations, topics, scenario. False when we were asked to stop; raises Refused when a step fails."""

    async def step(*arguments: str) -> bool:
        code = await children.step((sys.executable, "-m", *arguments), environment, stopping)
        if code:
            raise Refused(f"«{' '.join(arguments)}» è terminato con il codice {code}.")
        return code == 0

    if not await step("shared.db", "migrate") or not await step("shared.topics"):
        return False
    loaded = home.read_loaded(options.home)
    half = loaded is not None and loaded.since is None
    if scenario != "none" and (half or await is_empty(url)):
        # Noted before and after: a loading that was cut off is taken up again, not mistaken for data.
        home.write_loaded(options.home, home.Loaded(scenario, None))
        say(f"Carico lo scenario «{scenario}» nella piattaforma")
        if not await step("services", "simulate", "--load", scenario):
            return False
        loaded = None
    if loaded is None or loaded.scenario != scenario:
        home.write_loaded(options.home, home.Loaded(scenario, datetime.now(UTC).isoformat()))
    return not stopping.is_set()


def clock(folder: Path) -> dict[str, str]:
    """The settings of the demonstration clock; none where no scenario was loaded (today's clock)."""
    loaded = home.read_loaded(folder)
    if loaded is None or loaded.since is None or loaded.scenario not in SCENARIOS:
        return {}
    return {"INSIEME_CLOCK_START": SCENARIOS[loaded.scenario], "INSIEME_CLOCK_SINCE": loaded.since}


def platform(options: Options, with_kafka: bool) -> list[list[Child]]:
    """The children, in groups: the groups stop one after the other, in this order."""
    # Addresses can hold what a person typed into a search, so there is no access log. Live pages never end by
    # themselves: they get a moment, then they are cut.
    switches = "--factory --no-access-log --log-level warning --timeout-graceful-shutdown 3".split()
    listen = ["--host", options.host, "--port", str(options.port)]
    site = [sys.executable, "-m", "uvicorn", *switches, *listen, "services.site:create_app"]
    groups = [
        [Child("site", site)],
        [Child(name, (sys.executable, "-m", f"services.{name}", "worker")) for name in SERVICES],
    ]
    if with_kafka and STREAMS_PYTHON.exists():
        groups.append([Child("streams", (str(STREAMS_PYTHON), "-m", "services.reporting.streams", "worker"))])
    else:
        say("Finestre della pagina in diretta: calcolate nel servizio di reporting, senza Faust")
    return groups


async def serve(
    options: Options, groups: list[list[Child]], environment: dict[str, str], stopping: asyncio.Event
) -> None:
    """Keep all children running; when asked to stop, stop them group by group."""
    running = []
    for group in groups:
        stop_group = asyncio.Event()
        logs = options.home / "logs"
        tasks = [asyncio.create_task(children.keep(child, environment, logs, stop_group, say)) for child in group]
        running.append((stop_group, tasks))
    greeting = asyncio.create_task(greet(options))
    try:
        await stopping.wait()
        say(STOPPING)
    finally:
        greeting.cancel()
        for stop_group, tasks in running:
            stop_group.set()
            await asyncio.gather(*tasks)


async def greet(options: Options) -> None:
    """Say once that the site answers."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(options.host, options.port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: insieme\r\nConnection: close\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if b" 200 " in status:
                say(f"Insieme è pronto: {options.address}  (Ctrl-C per fermarlo)")
                return
        except OSError:
            pass
        await asyncio.sleep(0.2)


async def is_empty(url: str) -> bool:
    """Whether no service has recorded a single event."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for service in SERVICES:
            if await connection.fetchval("SELECT to_regclass($1)", f"{service}.events") is None:
                continue
            if await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {service}.events)"):
                return False
        return True
    finally:
        await connection.close()


def say(line: str) -> None:
    """One line on the console."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
