"""Enterprise's application: pages under /enterprise, JSON under /enterprise/api."""

from __future__ import annotations

from fastapi import FastAPI

from services.enterprise import api, pages
from services.enterprise.scopes import SCOPES
from services.enterprise.service import SERVICE
from shared.web.app import service_app


def create_app() -> FastAPI:
    """Pages and API of enterprise."""
    return service_app(SERVICE, title="Fare impresa", api=api.router, pages=pages.router, scopes=SCOPES)
