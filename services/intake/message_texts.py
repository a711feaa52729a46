"""The texts of the messages, plain and short, in the languages of most who come: Italian, English, French, Arabic.

They stand in message_texts.json: template -> language -> subject (of e-mails only) and text. What a text names is in
`PLACEHOLDERS`; a test holds every text in every language to it. They say nothing of why somebody comes to us:
telephones are read by others too.
"""

from __future__ import annotations

import json
from pathlib import Path

from shared.events.intake import Template

PLACEHOLDERS: dict[Template, frozenset[str]] = {
    "appointment_booked": frozenset({"name", "day", "at", "desk"}),
    "appointment_moved": frozenset({"name", "day", "at", "desk"}),
    "appointment_cancelled": frozenset({"name", "day", "at"}),
    "appointment_reminder": frozenset({"name", "day", "at", "desk"}),
    "proposal": frozenset({"name"}),
    "course_enrolled": frozenset({"name"}),
    "permit_expiring": frozenset({"name", "day"}),
    "receipt": frozenset({"name", "code"}),
    "enterprise_funded": frozenset({"name"}),
    "erasure_decided": frozenset({"name", "day"}),
    "right_answered": frozenset({"name"}),
    "restriction_lifted": frozenset({"name"}),
}
"""What each text names, in every language."""
_DATA = json.loads(Path(__file__).with_suffix(".json").read_text())
TEXTS: dict[Template, dict[str, dict[str, str]]] = _DATA["texts"]
STOP: dict[str, str] = _DATA["stop"]
"""How to refuse further messages: at the end of each."""
LANGUAGES = tuple(STOP)


def rendered(template: Template, language: str, values: dict[str, str], link: str) -> tuple[str, str]:
    """Subject and body in that language (Italian where there is none). Raises KeyError for a missing value."""
    words = language if language in LANGUAGES else "it"
    text = TEXTS[template][words]
    return text["subject"], f"{text['text'].format_map(values)}\n{STOP[words].format(link=link)}"
