"""Intake's application: pages under /intake, JSON under /intake/api."""

from fastapi import FastAPI

from services.intake import api, pages
from services.intake.directory import own_look
from services.intake.pages.drafts import DropSent
from services.intake.scopes import SCOPES
from services.intake.service import SERVICE
from shared.web.app import service_app


def create_app() -> FastAPI:
    """The application, with a store opened when it is first wanted."""
    app = service_app(
        SERVICE, title="Accoglienza", api=api.router, pages=pages.router, scopes=SCOPES, own_look=own_look()
    )
    app.add_middleware(DropSent)
    return app
