"""What training tells the platform about itself."""

from __future__ import annotations

from services.training.deadlines import DEADLINES
from services.training.reactions import FORGET, REACTIONS
from services.training.views import VIEWS
from shared.projection.accounts import ACCOUNTS
from shared.service import Service

SERVICE = Service(
    name="training",
    views=(*VIEWS, ACCOUNTS),
    reactions=REACTIONS,
    deadlines=DEADLINES,
    forget=FORGET,
    where=f"{__name__}:SERVICE",
)
