"""Every operation of every service's API, with what its OpenAPI document allows and with what it does not.

In-process, on a real PostgreSQL and the embedded log, signed in as somebody who may do everything: no 5xx, no
status and no content type that the document does not name, and every refusal a problem document.
`SCHEMATHESIS_EXAMPLES` asks for more examples of each operation than the eight of the default run.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
import schemathesis.specs.openapi.adapter.v2  # now: Python 3.11 cannot always compile it from inside a greenlet
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import text

from shared import clock
from shared.events import SERVICES
from shared.web import readers, sessions
from shared.web.app import service_app
from shared.web.readers import Reader, accounts, actions, requires
from shared.web.site import site
from tests.fixtures.platform import Platform
from tests.fixtures.population import populate, site_of

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))
CHECKS: list[Any] = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
EVERYTHING = "everything"


@pytest.fixture
def almighty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Somebody with all rights, whom roles.json never has."""
    table = readers._data()
    roles = table["roles"] | {EVERYTHING: {"title": "Prova", "actions": list(actions())}}
    monkeypatch.setattr(readers, "_data", lambda: table | {"roles": roles})
    readers.role_may.cache_clear()
    reader = Reader("u-prova", "Prova", EVERYTHING, "Prova")
    monkeypatch.setitem(accounts(), reader.account, reader)
    yield reader
    readers.role_may.cache_clear()


def browser(app: Any, reader: Reader) -> httpx.AsyncClient:
    """A client of the API, signed in."""
    session = sessions.write(sessions.start(reader))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://127.0.0.1:8080",
        cookies={sessions.COOKIE: session},
    )  # fmt: skip


def operations_of(document: dict[str, Any]) -> list[Any]:
    """The operations of a document, as schemathesis sees them."""
    found: list[Any] = list(schemathesis.openapi.from_dict(document).get_all_operations())
    return [result.ok() for result in found]


async def try_operation(
    operation: Any, send: Callable[[Any], Any], ids: list[str], examples: int = EXAMPLES
) -> dict[int, int]:
    """Sends generated requests, right and wrong ones; how often each status came. Raises the failed check."""
    seen: dict[int, int] = {}
    loop = asyncio.get_running_loop()
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

    def run() -> None:
        for mode in modes:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of generating; what the platform says is not inside
                strategy = operation.as_strategy(mode)

            # The same in every run, and without a database of examples: a failure in CI is the same at home.
            @hypothesis_settings(
                max_examples=examples // 2, deadline=None, database=None, derandomize=True,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=strategy, known=st.sampled_from([None, *ids]), key=st.booleans())
            def check(case: Any, known: str | None, key: bool) -> None:
                if known is not None and case.path_parameters:
                    # An id that exists: else all one would see of most operations is that there is no such thing.
                    case.path_parameters = dict.fromkeys(case.path_parameters, known)
                response = asyncio.run_coroutine_threadsafe(send((case, key)), loop).result(30)
                seen[response.status_code] = seen.get(response.status_code, 0) + 1
                case.validate_response(response, checks=CHECKS)
                if response.status_code >= 400:
                    kind = response.headers["content-type"]
                    assert kind == "application/problem+json", kind
                    assert response.json()["status"] == response.status_code
                    assert response.json()["detail"].endswith((".", "?", ")")), response.json()

            check()

    try:
        await asyncio.to_thread(run)
    except Exception as error:
        if "unsatisfiable" in type(error).__name__.lower():
            return seen  # nothing can be wrong about an operation without parameters
        raise
    return seen


def sender(client: httpx.AsyncClient, service: str) -> Callable[[Any], Any]:
    """How a generated case is sent."""

    async def send(given: tuple[Any, bool]) -> httpx.Response:
        case, with_key = given
        values = case.as_transport_kwargs(base_url=f"http://127.0.0.1:8080/{service}")
        headers = {name: str(value) for name, value in (values.get("headers") or {}).items()}
        headers = {name: value for name, value in headers.items() if name.lower() not in ("cookie", "host")}
        if with_key and case.method != "GET":
            headers["idempotency-key"] = str(uuid4())
        wanted = {name: values[name] for name in ("params", "json", "data", "content") if values.get(name) is not None}
        try:
            request = client.build_request(case.method, values["url"], headers=_sendable(headers), **_body(wanted))
        except (ValueError, httpx.InvalidURL, TypeError):
            # What no client can put on the wire needs no answer: the same without what was generated.
            request = client.build_request(case.method, f"http://127.0.0.1:8080/{service}/api/nulla")
        return await client.send(request)

    return send


def _sendable(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if not set(value) & {"\r", "\n", "\0"} and value.isprintable() and value.isascii()
    ]


def _body(values: dict[str, Any]) -> dict[str, Any]:
    if isinstance(values.get("data"), bytes | str):
        values["content"] = values.pop("data")
    return values


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
async def test_every_operation_keeps_to_its_document(platform: Platform, almighty: Reader, service: str) -> None:
    running = await platform()
    await populate(running, people=6)
    running.now = clock.now()
    app = site_of(running)
    store = running.store(service)
    async with store.engine.connect() as conn:
        ids = list(
            (
                await conn.execute(text("select min(stream_id) from events group by topic, type order by topic, type"))
            ).scalars()
        )
    async with browser(app, almighty) as client:
        document = (await client.get(f"/{service}/api/openapi.json")).json()
        operations = operations_of(document)
        assert operations
        answered: dict[str, dict[int, int]] = {}
        for operation in operations:
            answered[operation.label] = await try_operation(operation, sender(client, service), ids)
        for label, statuses in answered.items():
            assert not set(statuses) & {401, 403} or set(statuses) - {401, 403}, f"{label}: {statuses}"
        assert any(200 in statuses for statuses in answered.values())
    await running.quiet()
    for worker in running.workers.values():
        assert worker.reader.stopped is None, "what the API let in, every reader takes"


async def test_an_answer_that_the_document_does_not_name_is_found(almighty: Reader) -> None:
    """The control: an operation that breaks, one that answers an unnamed status, and one with another content."""
    api, pages = APIRouter(), APIRouter()

    @api.get("/breaks")
    async def breaks(number: int = 0, reader: Reader = requires("matching.view")) -> dict[str, int]:
        return {"part": 1 // 0}

    @api.get("/shape", response_model=dict[str, int])
    async def shape(number: int = 0, reader: Reader = requires("matching.view")) -> JSONResponse:
        return JSONResponse({"part": "not a number"})

    @api.get("/teapot", response_model=dict[str, int])
    async def teapot(number: int = 0, reader: Reader = requires("matching.view")) -> JSONResponse:
        return JSONResponse({"part": 1}, 418)

    app = site({"matching": service_app("matching", title="Prova", api=api, pages=pages)})
    async with browser(app, almighty) as client:
        document = (await client.get("/matching/api/openapi.json")).json()
        for operation in operations_of(document):
            with pytest.raises(BaseException, match=r"(?i)server error|status code|schema"):
                await try_operation(operation, sender(client, "matching"), [], examples=4)
