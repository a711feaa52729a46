"""What intake tells the platform about itself."""

from services.intake import importing, region
from services.intake.deadlines import DEADLINES
from services.intake.reactions import REACTIONS
from services.intake.views import VIEWS
from shared.service import Service

SERVICE = Service(
    name="intake",
    views=VIEWS,
    reactions=REACTIONS,
    deadlines=DEADLINES,
    chores=(importing.step,),
    inlets=(region.turn,),
)
