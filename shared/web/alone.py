"""One service's pages and API as a process of its own, as the containers run it. The service stands in SERVICE.

`uvicorn --factory shared.web.alone:create_app`. On one machine the five are one site (`services/site.py`).
"""

from __future__ import annotations

import importlib
import os

from fastapi import FastAPI

from shared import telemetry
from shared.tuning import few_collections


def create_app() -> FastAPI:
    """The service's application in a process with logs, traces and memory set up like all others."""
    name = os.environ["SERVICE"]
    telemetry.start(f"insieme-{name}-api")
    few_collections()
    app: FastAPI = importlib.import_module(f"services.{name}.app").create_app()
    return app
