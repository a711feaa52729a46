"""What matching tells the platform about itself."""

from services.matching.deadlines import DEADLINES
from services.matching.reactions import REACTIONS
from services.matching.views import VIEWS
from shared.service import Service

SERVICE = Service(name="matching", views=VIEWS, reactions=REACTIONS, deadlines=DEADLINES)
