"""What tells people from robots on the public pages, without asking people for anything: a field that only a robot
fills in, and the time that filling in a page takes."""

from __future__ import annotations

from datetime import timedelta

from services.intake.forms.self_registration import Guarded
from shared import clock
from shared.decisions import Refused
from shared.web import signing

SECONDS = 2.0
"""Nobody reads a page, ticks a box and sends it in less."""
DOUBTFUL = Refused(
    "robot",
    "L'invio è stato troppo rapido o incompleto e non siamo certi che venga da una persona. Aspetta qualche secondo e "
    "premi di nuovo il bottone: quello che hai scritto c'è ancora.",
)


def opened() -> str:
    """What a form carries: when its page was opened, signed."""
    now = clock.now()
    return signing.sign("opened", {"at": now.timestamp()}, now + timedelta(hours=12))


def doubtful(values: Guarded) -> Refused | None:
    """Refuses what a robot sent; the same sentence for whichever sign, and a person gets through by trying again."""
    if values.website:
        return DOUBTFUL
    try:
        at = float(signing.unsign("opened", values.opened)["at"])
    except (signing.BadToken, ValueError, KeyError):
        return DOUBTFUL
    return DOUBTFUL if clock.now().timestamp() - at < SECONDS else None
