"""A service's api as a process of its own, as the containers run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.events import SERVICES

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging
from opentelemetry import trace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
import asyncio
from shared import db, telemetry
from shared.web.alone import create_app

logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler())  # as uvicorn does before it loads us
app = create_app()
assert app.state.service == "%s"
assert telemetry.exporting()

async def fail():
    engine = db.admin_engine()
    try:
        async with engine.connect() as conn:
            await conn.execute(text("select 1 / cast(:value as int)"), {"value": "Amina Haddad"})
    except DBAPIError as error:
        assert "Amina" not in str(error.with_traceback(None)).replace(str(error.orig), ""), "the parameters are hidden"
        logging.getLogger("insieme.web").error("request 7 failed", exc_info=error)
        logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=error)
    finally:
        await engine.dispose()

asyncio.run(fail())
"""


@pytest.mark.parametrize("service", SERVICES)
def test_its_logs_are_lines_without_what_somebody_typed_and_its_traces_go_out(service: str, postgres_url: str) -> None:
    told = os.environ | {
        "SERVICE": service, "DATABASE_URL": postgres_url, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % service], cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stderr.splitlines()]
    failures = [line for line in said if line.get("error")]
    assert [line["logger"] for line in failures] == ["insieme.web", "uvicorn.error"]
    assert "Amina" not in done.stderr + done.stdout


def test_the_image_starts_it_so() -> None:
    assert "shared.web.alone:create_app" in (ROOT / "Dockerfile").read_text()
