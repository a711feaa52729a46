"""The front of the containers: home, sign-in, information pages, static files; no service, no database."""

from __future__ import annotations

from fastapi import FastAPI

from shared import telemetry
from shared.web.site import site


def create_app() -> FastAPI:
    """What the gateway asks for everything that belongs to no service."""
    telemetry.start("insieme-front")
    return site({})
