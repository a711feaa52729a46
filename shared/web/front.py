"""The front of the containers: home, sign-in, information pages, static files; no service, no database."""

from __future__ import annotations

from fastapi import FastAPI

from shared import telemetry
from shared.web.site import site

ENTRANCE = "/intake/entrata"
"""The service with the directory looks at who signed in here, and sends them on or back."""


def create_app() -> FastAPI:
    """What the gateway asks for everything that belongs to no service."""
    telemetry.start("insieme-front")
    app = site({})
    app.state.entrance = ENTRANCE
    return app
