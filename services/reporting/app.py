"""Reporting's application: pages under /reporting, JSON under /reporting/api."""

from __future__ import annotations

from fastapi import FastAPI

from services.reporting import api, pages
from services.reporting.scopes import SCOPES
from services.reporting.service import SERVICE
from shared.web.app import service_app


def create_app() -> FastAPI:
    """Pages and API of reporting."""
    return service_app(SERVICE, title="Dati e rapporti", api=api.router, pages=pages.router, scopes=SCOPES)
