"""The parts of one machine, really started, killed and started again; and how the launcher chooses them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local import children, home, kafka, postgres, process
from deploy.local.children import Child
from deploy.local.process import Unavailable
from services import __main__ as launcher

DEADLINE = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[postgres.Running]:
    running = postgres.start(tmp_path / "postgres")
    yield running
    running.stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[kafka.Running]:
    try:
        running = kafka.start(tmp_path / "kafka")
    except Unavailable as reason:
        if os.environ.get("REQUIRE_KAFKA"):
            raise
        pytest.skip(f"no Kafka on this machine: {reason}")
    yield running
    running.stop()


async def fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def gone(pid: int) -> bool:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_postgres_keeps_what_was_committed_over_kill_9(server: postgres.Running) -> None:
    await fetch(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    url, before = server.url, server.pid
    os.kill(server.pid, signal.SIGKILL)
    server.restart()
    assert (server.url, await fetch(url, "SELECT count(*) FROM kept")) == (url, 1000)
    assert server.pid != before
    assert await fetch(url, "SELECT current_setting('fsync') || current_setting('max_connections')") == "on200"


async def test_postgres_listens_on_loopback_only_and_wants_the_password(server: postgres.Running) -> None:
    listening = [c.laddr for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"]
    assert {address.ip for address in listening} == {"127.0.0.1"}
    with pytest.raises(asyncpg.InvalidPasswordError):
        await fetch(server.url.replace(server.password, "sbagliata"), "SELECT 1")


@pytest.mark.parametrize("tied", [True, False])
async def test_postgres_of_a_launcher_killed_with_9_is_no_obstacle(tmp_path: Path, tied: bool) -> None:
    # A server started from a passing thread is not stopped by the kernel: the next start has to do it.
    start = "print(postgres.start(Path(sys.argv[1])).pid, flush=True)"
    script = f"""
import sys, threading, time
from pathlib import Path
from deploy.local import postgres
def start(): {start}
{"start()" if tied else "t = threading.Thread(target=start); t.start(); t.join()"}
time.sleep(1000)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "postgres")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        leftover = int(parent.stdout.readline())
        parent.kill()
    if tied and sys.platform == "linux":
        assert await gone(leftover)
    else:
        assert psutil.pid_exists(leftover)
    running = postgres.start(tmp_path / "postgres")
    try:
        assert await gone(leftover)
        assert await fetch(running.url, "SELECT 1") == 1
    finally:
        running.stop()


@pytest.mark.kafka
async def test_kafka_keeps_its_log_and_identity_over_kill_9_and_a_clean_stop(broker: kafka.Running) -> None:
    listening = [c.laddr for c in psutil.Process(broker.pid).net_connections() if c.status == "LISTEN"]
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    cluster = admin.list_topics(timeout=10).cluster_id
    admin.create_topics([NewTopic("prova", 1, 1)])["prova"].result(30)
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    await producer.start()
    try:
        sent = await producer.send_and_wait("prova", b"Amina", partition=0)
    finally:
        await producer.stop()
    os.kill(broker.pid, signal.SIGKILL)
    broker.restart()
    broker.stop()
    assert broker.process.returncode == 128 + signal.SIGTERM  # Java's way of saying: asked, and shut down
    again = kafka.start(broker.data)
    try:
        assert again.bootstrap == broker.bootstrap
        topics = AdminClient({"bootstrap.servers": again.bootstrap}).list_topics(timeout=10)
        assert topics.cluster_id == cluster
        assert "prova" in topics.topics
        consumer = AIOKafkaConsumer(bootstrap_servers=again.bootstrap, auto_offset_reset="none")
        await consumer.start()
        try:
            consumer.assign([TopicPartition("prova", 0)])
            consumer.seek(TopicPartition("prova", 0), sent.offset)
            record = await asyncio.wait_for(consumer.getone(), DEADLINE)
        finally:
            await consumer.stop()
        assert record.value == b"Amina"
    finally:
        again.stop()
    assert not kafka.answers(again.bootstrap)


def pretend(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of that name before all others."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_silent_maven_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(tmp_path / "bin", "mvn", "exec sleep 60", monkeypatch)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="non raggiunge il suo deposito"):
        kafka.fetch_jars(tmp_path / "jars", silence=0.5)
    assert time.monotonic() - began < 10


def test_slow_maven_goes_on_while_files_arrive_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "for i in 1 2 3 4; do sleep 0.4; echo Downloaded from x; done; touch ${5#-Doutput*=}/kafka_2.13-4.jar"
    pretend(tmp_path / "bin", "mvn", script, monkeypatch)
    kafka.fetch_jars(tmp_path / "jars", silence=1.2)
    pretend(tmp_path / "bin", "mvn", "exit 1", monkeypatch)
    kafka.fetch_jars(tmp_path / "jars", silence=1.2)


def test_without_an_image_and_without_java_the_embedded_log_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    # An engine that answers, and cannot get the image.
    pretend(tmp_path / "bin", "docker", 'case "$1" in version) exit 0;; *) exit 1;; esac', monkeypatch)
    pretend(tmp_path / "bin", "java", "echo 'openjdk version \"11.0.2\"' >&2", monkeypatch)
    said: list[str] = []
    assert kafka.find(tmp_path, "auto", said.append) is None
    assert "Docker non ottiene l'immagine" in said[-1]
    assert "serve Java 17" in said[-1]
    with pytest.raises(Unavailable, match="Java 17"):
        kafka.find(tmp_path, "kafka", said.append)
    assert kafka.find(tmp_path, "embedded", said.append) is None


def test_given_addresses_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@h:1/d")
    assert postgres.find(tmp_path, "x").address == "postgresql+asyncpg://u:p@h:1/d"
    monkeypatch.setenv("KAFKA_BOOTSTRAP", f"127.0.0.1:{process.free_port()}")
    with pytest.raises(Unavailable, match="non risponde"):
        kafka.find(tmp_path, "auto")


def test_a_second_launcher_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INSIEME_HOME", str(tmp_path))
    monkeypatch.setenv("INSIEME_MODE", "demo")
    handlers = {sign: signal.getsignal(sign) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with home.locked(tmp_path, "processo 12"):
            assert launcher.main(["up"]) == 1
    finally:
        for sign, handler in handlers.items():
            signal.signal(sign, handler)
    assert "già in funzione su questa macchina (processo 12)" in capsys.readouterr().out


def test_a_scenario_is_refused_outside_demonstration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INSIEME_MODE", "production")
    assert launcher.main(["up", "--scenario", "h1-2024"]) == 1
    assert "solo in modalità dimostrativa" in capsys.readouterr().out
    assert launcher.parse(["up"]).scenario == "none"


def test_secrets_are_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = home.secret_values(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert home.secret_values(file) == first
    file.write_text(json.dumps({"master_key": first["master_key"]}))
    later = home.secret_values(file)
    assert later["master_key"] == first["master_key"]
    assert set(later) == set(home.SECRET_NAMES)


async def test_a_child_that_dies_is_started_again_and_a_deaf_one_is_killed(tmp_path: Path) -> None:
    script = f"""
import pathlib, signal, sys, time
runs = pathlib.Path({str(tmp_path / "runs")!r})
runs.write_text(runs.read_text() + "x" if runs.exists() else "x")
print("run", len(runs.read_text()), flush=True)
if len(runs.read_text()) == 1: sys.exit(3)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{{"level": "warning", "message": "deaf"}}', flush=True)
time.sleep(1000)
"""
    said: list[str] = []
    stopping = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        if "deaf" in line:
            stopping.set()

    child = Child("prova", (sys.executable, "-c", script), seconds=0.2)
    await asyncio.wait_for(children.keep(child, dict(os.environ), tmp_path, stopping, say), DEADLINE)
    assert said == [
        "[prova] run 1",
        "prova: terminato (codice 3), riparte tra 0.5 s",
        "[prova] run 2",
        "[prova] WARNING deaf",
    ]
    lines = [json.loads(line) for line in (tmp_path / "prova.log").read_text().splitlines()]
    assert [line["message"] for line in lines] == ["run 1", "run 2", "deaf"]
