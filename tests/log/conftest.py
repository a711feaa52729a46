"""Both adapters, each test under a prefix of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from deploy.local import kafka
from shared.log import Log
from tests.fixtures.parts import start_kafka
from tests.log.places import (
    DatabaseGone,
    DatabaseSilent,
    Fault,
    KafkaKilled,
    KafkaStopped,
    OnKafka,
    OnPostgres,
    Place,
)

KAFKA = pytest.param("kafka", marks=pytest.mark.kafka)


@pytest.fixture(params=[KAFKA, "embedded"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "kafka":
        return OnKafka(request.getfixturevalue("kafka_bootstrap"))
    return OnPostgres(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def prefix(place: Place) -> AsyncIterator[str]:
    name = f"t{uuid4().hex[:10]}-"
    yield name
    await place.forget(name)


@pytest.fixture
async def log(place: Place, prefix: str) -> AsyncIterator[Log]:
    opened = place.log(prefix)
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kafka.Running]:
    """A broker that nobody else uses, to be stopped and killed."""
    broker = start_kafka(tmp_path_factory)
    yield broker
    broker.stop()


@pytest.fixture(
    params=[
        pytest.param(KafkaStopped, marks=pytest.mark.kafka),
        pytest.param(KafkaKilled, marks=pytest.mark.kafka),
        DatabaseSilent,
        DatabaseGone,
    ]
)
async def fault(request: pytest.FixtureRequest) -> AsyncIterator[Fault]:
    if issubclass(request.param, KafkaStopped):
        yield request.param(request.getfixturevalue("own_kafka"))
        return
    database = request.param(request.getfixturevalue("postgres_url"))
    await database.proxy.open()
    yield database
    await database.proxy.close()
