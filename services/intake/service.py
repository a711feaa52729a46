"""What intake tells the platform about itself."""

from services.intake import accesses, importing, region, reindexing
from services.intake.commands.erasure import forget
from services.intake.deadlines import DEADLINES
from services.intake.reactions import REACTIONS
from services.intake.views import VIEWS
from shared.service import Service

SERVICE = Service(
    name="intake",
    views=VIEWS,
    reactions=REACTIONS,
    deadlines=DEADLINES,
    chores=(
        importing.step,
        reindexing.step,
        accesses.forget,
    ),
    inlets=(region.turn,),
    forget=forget,
    where=f"{__name__}:SERVICE",
)
