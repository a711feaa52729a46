"""What training tells the platform about itself."""

from __future__ import annotations

from services.training.deadlines import DEADLINES
from services.training.reactions import REACTIONS
from services.training.views import VIEWS
from shared.service import Service

SERVICE = Service(name="training", views=VIEWS, reactions=REACTIONS, deadlines=DEADLINES)
