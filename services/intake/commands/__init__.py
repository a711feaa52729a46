"""One function per command: reads what the decision needs, writes texts to the vault, appends the facts."""

from services.intake.commands.agenda import close_desks, lift_absence, record_absence, reopen_desk
from services.intake.commands.appointments import book, cancel, keep, miss, move
from services.intake.commands.assessment import assess, assess_language, change_readiness, find_fragility
from services.intake.commands.attachments import (
    attach,
    detach,
    opened,
)
from services.intake.commands.casework import (
    close,
    hold_interview,
    take_in_charge,
)
from services.intake.commands.checks import (
    check_domicile,
    check_measures,
    check_status,
    notice_refusal,
)
from services.intake.commands.contacts import (
    add_note,
    log_contact,
    resume,
    suspend,
)
from services.intake.commands.corrections import (
    CORRECTABLE,
    correct_fact,
)
from services.intake.commands.duplicates import (
    dismiss_duplicate,
    join_persons,
    part_persons,
)
from services.intake.commands.groups import attendance, cancel_session, invite, plan_session
from services.intake.commands.messages import person_of_code, queue, set_messaging, set_wish, set_wishes
from services.intake.commands.permits import (
    record_permit,
)
from services.intake.commands.plans import (
    agree_plan,
    confirm_action,
    review_plan,
    sign_plan,
)
from services.intake.commands.registration import (
    Entry,
    register,
    register_in,
    update_identity,
)
from services.intake.commands.sampling import draw, verify
from services.intake.commands.transfers import (
    HandedOver,
    hand_over,
    transfer,
)

__all__ = [
    "CORRECTABLE",
    "Entry",
    "HandedOver",
    "add_note",
    "agree_plan",
    "assess",
    "assess_language",
    "attach",
    "attendance",
    "book",
    "cancel",
    "cancel_session",
    "change_readiness",
    "check_domicile",
    "check_measures",
    "check_status",
    "close",
    "close_desks",
    "confirm_action",
    "correct_fact",
    "detach",
    "dismiss_duplicate",
    "draw",
    "find_fragility",
    "hand_over",
    "hold_interview",
    "invite",
    "join_persons",
    "keep",
    "lift_absence",
    "log_contact",
    "miss",
    "move",
    "notice_refusal",
    "opened",
    "part_persons",
    "person_of_code",
    "plan_session",
    "queue",
    "record_absence",
    "record_permit",
    "register",
    "register_in",
    "reopen_desk",
    "resume",
    "review_plan",
    "set_messaging",
    "set_wish",
    "set_wishes",
    "sign_plan",
    "suspend",
    "take_in_charge",
    "transfer",
    "update_identity",
    "verify",
]
