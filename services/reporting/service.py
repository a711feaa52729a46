"""What reporting tells the platform about itself."""

from __future__ import annotations

from services.reporting.deadlines import DEADLINES
from services.reporting.reactions import FORGET, REACTIONS
from services.reporting.views import VIEWS
from shared.projection.accounts import ACCOUNTS
from shared.service import Service

SERVICE = Service(
    name="reporting",
    views=(*VIEWS, ACCOUNTS),
    reactions=REACTIONS,
    deadlines=DEADLINES,
    forget=FORGET,
    where=f"{__name__}:SERVICE",
)
