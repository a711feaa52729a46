"""What reporting tells the platform about itself."""

from __future__ import annotations

from services.reporting.deadlines import DEADLINES
from services.reporting.reactions import REACTIONS
from services.reporting.views import VIEWS
from shared.service import Service

SERVICE = Service(name="reporting", views=VIEWS, reactions=REACTIONS, deadlines=DEADLINES)
