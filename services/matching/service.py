"""What matching tells the platform about itself."""

from services.matching.deadlines import DEADLINES
from services.matching.reactions import FORGET, REACTIONS
from services.matching.views import VIEWS
from shared.projection.accounts import ACCOUNTS
from shared.service import Service

SERVICE = Service(
    name="matching",
    views=(*VIEWS, ACCOUNTS),
    reactions=REACTIONS,
    deadlines=DEADLINES,
    forget=FORGET,
    where=f"{__name__}:SERVICE",
)
