"""Enterprise, as the platform sees it."""

from __future__ import annotations

from services.enterprise.deadlines import DEADLINES
from services.enterprise.reactions import FORGET, REACTIONS
from services.enterprise.views import VIEWS
from shared.projection.accounts import ACCOUNTS
from shared.service import Service

SERVICE = Service(
    name="enterprise",
    views=(*VIEWS, ACCOUNTS),
    reactions=REACTIONS,
    deadlines=DEADLINES,
    forget=FORGET,
    where=f"{__name__}:SERVICE",
)
