"""Enterprise, as the platform sees it."""

from __future__ import annotations

from services.enterprise.deadlines import DEADLINES
from services.enterprise.reactions import REACTIONS
from services.enterprise.views import VIEWS
from shared.service import Service

SERVICE = Service(name="enterprise", views=VIEWS, reactions=REACTIONS, deadlines=DEADLINES)
