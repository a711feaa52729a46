"""Matching's application: pages under /matching, JSON under /matching/api."""

from __future__ import annotations

from fastapi import FastAPI

from services.matching import api, pages
from services.matching.scopes import SCOPES
from services.matching.service import SERVICE
from shared.web.app import service_app


def create_app() -> FastAPI:
    """Pages and API of matching."""
    return service_app(SERVICE, title="Domanda e offerta di lavoro", api=api.router, pages=pages.router, scopes=SCOPES)
