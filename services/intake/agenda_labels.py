"""What intake alone calls agenda and messages in Italian. The codes that stand in facts: shared/web/desk_labels.py."""

from __future__ import annotations

from datetime import date

APPOINTMENT_MODES = {"in_person": "Di persona", "phone": "Al telefono", "video": "In video"}
APPOINTMENT_STATES = {"booked": "Fissato", "kept": "Avvenuto", "missed": "Non è venuta/o", "cancelled": "Disdetto"}
MESSAGE_STATES = {
    "queued": "In coda", "sending": "In invio", "sent": "Inviato", "delivered": "Consegnato", "failed": "Non inviato",
}  # fmt: skip
WEEKDAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")


def weekday(day: date) -> str:
    """`martedì`."""
    return WEEKDAYS[day.weekday()]
