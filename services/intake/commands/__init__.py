"""One function per command: reads what the decision needs, writes texts to the vault, appends the facts."""

from services.intake.commands.casework import (
    close,
    hold_interview,
    take_in_charge,
)
from services.intake.commands.checks import (
    check_domicile,
    check_measures,
    check_status,
)
from services.intake.commands.corrections import (
    CORRECTABLE,
    correct_fact,
)
from services.intake.commands.plans import (
    agree_plan,
)
from services.intake.commands.registration import (
    Entry,
    register,
    register_in,
    update_identity,
)

__all__ = [
    "CORRECTABLE",
    "Entry",
    "agree_plan",
    "check_domicile",
    "check_measures",
    "check_status",
    "close",
    "correct_fact",
    "hold_interview",
    "register",
    "register_in",
    "take_in_charge",
    "update_identity",
]
