"""Training's application: pages under /training, JSON under /training/api."""

from __future__ import annotations

from fastapi import FastAPI

from services.training import api, pages
from services.training.scopes import SCOPES
from services.training.service import SERVICE
from shared.web.app import service_app


def create_app() -> FastAPI:
    """Pages and API of training."""
    return service_app(SERVICE, title="Formazione", api=api.router, pages=pages.router, scopes=SCOPES)
