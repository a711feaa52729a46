"""How a person is found again without keeping in clear what is searched: keyed hashes of prefixes and codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.intake import tax_code
from shared import territory
from shared.decisions import Refused
from shared.store import Unit

PERSON_INDEX = "person"
"""Purpose of the name index: prefixes of names, phone, e-mail."""
EXACT_INDEX = "exact"
"""Purpose of the duplicate index: the tax code, and name with birth date."""


@dataclass(frozen=True, slots=True)
class Duplicate(Refused):
    """The person is here already: the page links to them."""

    people: tuple[str, ...] = ()


def phone_digits(phone: str) -> str:
    """A phone number as it is compared: its last nine digits, without country code."""
    return re.sub(r"\D", "", phone)[-9:]


def search_tokens(identity: dict[str, Any]) -> list[str]:
    """Under which tokens a person is found: each prefix (two letters and more) of each name."""
    tokens = set()
    for name in ("family_name", "given_name"):
        for word in territory.normal(identity[name]).split():
            tokens |= {f"n:{word[:size]}" for size in range(2, min(len(word), 20) + 1)}
    if identity.get("phone"):
        tokens.add(f"p:{phone_digits(identity['phone'])}")
    if identity.get("email"):
        tokens.add(f"e:{identity['email'].lower()}")
    if identity.get("tax_code"):
        tokens.add(f"c:{identity['tax_code']}")
    return sorted(tokens)


def query_tokens(query: str) -> list[str]:
    """What was typed in the search as tokens that all must match; none if it says too little."""
    compact = re.sub(r"[\s./-]", "", query)
    code = tax_code.parse(query)
    if not isinstance(code, Refused):
        return [f"c:{code.code}"]
    if re.fullmatch(r"\+?[0-9]{6,15}", compact):
        return [f"p:{phone_digits(compact)}"]
    if "@" in query:
        return [f"e:{query.strip().lower()}"]
    words = [word[:20] for word in territory.normal(query).split()]
    return [f"n:{word}" for word in words if len(word) >= 2][:6]


def exact_tokens(identity: dict[str, Any]) -> tuple[str | None, str]:
    """Tax code (if any) and name with birth date, in whatever order the names were written."""
    code = identity.get("tax_code")
    name = " ".join(sorted(territory.normal(f"{identity['family_name']} {identity['given_name']}").split()))
    return (f"c:{code}" if code else None), f"nb:{name}|{identity['birth_date']}"


async def duplicates(unit: Unit, person_id: str, identity: dict[str, Any], another_person: bool) -> Duplicate | None:
    """Who is here already under this tax code, or name and birth date; None lets the registration go on."""
    code, name_and_birth = exact_tokens(identity)
    # Two desks at once: the second waits here until the first has committed, and then finds the person.
    for token in sorted(filter(None, (code, name_and_birth))):
        key = int.from_bytes(unit.vault.keyed_hash(EXACT_INDEX, token)[:8], "big", signed=True)
        await unit.conn.execute(text("select pg_advisory_xact_lock(:key)"), {"key": key})
    if code is not None:
        same = [found for found in await unit.vault.find(EXACT_INDEX, [code]) if found != person_id]
        if same:
            return Duplicate(
                "duplicate", "C'è già una persona con questo codice fiscale: apri la sua scheda.", "tax_code",
                people=tuple(same),
            )  # fmt: skip
    if not another_person:
        same = [found for found in await unit.vault.find(EXACT_INDEX, [name_and_birth]) if found != person_id]
        if same:
            return Duplicate(
                "possible_duplicate",
                "C'è già una persona con lo stesso nome e la stessa data di nascita. Controlla la "
                "sua scheda; se è un'altra persona, confermalo sotto.",
                "another_person", people=tuple(same),
            )  # fmt: skip
    return None
