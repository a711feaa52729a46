"""The site on one machine: the five services under one address. `uvicorn --factory services.site:create_app`."""

from __future__ import annotations

import importlib

from fastapi import FastAPI

from shared import telemetry
from shared.events import SERVICES
from shared.tuning import few_collections
from shared.web.log_watch import LogWatch
from shared.web.site import site


def create_app() -> FastAPI:
    """The five services, each with its own store, behind one sign-in. Raises SystemExit outside demo mode."""
    telemetry.start("site")
    few_collections()
    apps: dict[str, FastAPI] = {name: importlib.import_module(f"services.{name}.app").create_app() for name in SERVICES}
    watch = LogWatch(apps)
    return site(apps, log_notice=watch.away, background=[watch.run])
