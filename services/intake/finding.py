"""How a person is found again without keeping in clear what is searched: keyed hashes of prefixes and codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.intake import likeness, tax_code
from shared import territory
from shared.decisions import Refused
from shared.events.intake import Likeness
from shared.projection import aliases
from shared.store import Unit

LOCKS = text("select pg_advisory_xact_lock(key) from unnest(cast(:keys as bigint[])) as key")
PERSON_INDEX = "person"
"""Purpose of the name index: prefixes of names, phone, e-mail."""
EXACT_INDEX = "exact"
"""Purpose of the duplicate index: the tax code, and name with birth date."""
SIMILAR_INDEX = "similar"
"""Purpose of the index of likenesses: how the name sounds, with the birth date or nearly."""
PROPOSED_AT_MOST = 5
"""Those most alike: more would not be looked at."""


@dataclass(frozen=True, slots=True)
class Duplicate(Refused):
    """The person is here already: the page links to them."""

    people: tuple[str, ...] = ()

    def more(self) -> dict[str, Any]:
        """Who they are."""
        return {"people": list(self.people)}


def phone_digits(phone: str) -> str:
    """A phone number as it is compared: its last nine digits, without country code."""
    return re.sub(r"\D", "", phone)[-9:]


def phone_tokens(phone: str) -> set[str]:
    """A number is found whole, by its beginning (without country code) or by its end, from four digits on."""
    digits = re.sub(r"^(\+|00)39", "", re.sub(r"[^0-9+]", "", phone)).lstrip("+")
    sizes = range(4, min(len(digits), 10) + 1)
    parts = {digits[:size] for size in sizes} | {digits[-size:] for size in sizes}
    return {f"p:{part[-9:]}" for part in parts | {phone_digits(phone)}}


def search_tokens(identity: dict[str, Any]) -> list[str]:
    """Under which tokens a person is found: each prefix (two letters and more) of each name."""
    tokens = set()
    for name in ("family_name", "given_name"):
        for word in territory.normal(identity[name]).split():
            tokens |= {f"n:{word[:size]}" for size in range(2, min(len(word), 20) + 1)}
    if identity.get("phone"):
        tokens |= phone_tokens(identity["phone"])
    if identity.get("email"):
        tokens.add(f"e:{identity['email'].lower()}")
    return sorted(tokens | {f"c:{code}" for code in tax_codes(identity)})


def tax_codes(identity: dict[str, Any]) -> list[str]:
    """The tax code and those that it replaced: the old one still finds the person."""
    return [code for code in (identity.get("tax_code"), *identity.get("former_tax_codes", ())) if code]


def query_tokens(query: str) -> list[str]:
    """What was typed in the search as tokens that all must match; none if it says too little."""
    compact = re.sub(r"[\s./-]", "", query)
    code = tax_code.parse(query)
    if not isinstance(code, Refused):
        return [f"c:{code.code}"]
    if re.fullmatch(r"\+?[0-9]{4,15}", compact):
        return [f"p:{phone_digits(compact)}"]
    if "@" in query:
        return [f"e:{query.strip().lower()}"]
    words = [word[:20] for word in territory.normal(query).split()]
    return [f"n:{word}" for word in words if len(word) >= 2][:6]


def exact_tokens(identity: dict[str, Any]) -> tuple[list[str], str]:
    """Tax codes (if any) and name with birth date, in whatever order the names were written."""
    name = " ".join(sorted(territory.normal(f"{identity['family_name']} {identity['given_name']}").split()))
    return [f"c:{code}" for code in tax_codes(identity)], f"nb:{name}|{identity['birth_date']}"


def index(unit: Unit, person_id: str, identity: dict[str, Any]) -> None:
    """Makes the person findable: by search, as a double, and as somebody who looks alike. Keyed hashes alone."""
    codes, name_and_birth = exact_tokens(identity)
    unit.vault.index(PERSON_INDEX, person_id, search_tokens(identity))
    unit.vault.index(EXACT_INDEX, person_id, [*codes, name_and_birth])
    unit.vault.index(SIMILAR_INDEX, person_id, likeness.tokens(identity))


async def lock_index(unit: Unit, tokens: Sequence[str], person_id: str) -> None:
    """Held to the end of the transaction. Two desks at once: the second waits here until the first has committed, and
    then finds the person; and nobody writes a person's index from an identity that is being replaced."""
    hashes = [unit.vault.keyed_hash(EXACT_INDEX, token) for token in (*tokens, f"id:{person_id}")]
    keys = sorted(int.from_bytes(one[:8], "big", signed=True) for one in hashes)
    await unit.conn.execute(LOCKS, {"keys": keys})


async def similar(unit: Unit, person_id: str, identity: dict[str, Any]) -> list[tuple[str, Likeness]]:
    """Who is here and looks like this person, the most alike first; not who has the very same name and date, since
    the operator was asked about them."""
    carried = await unit.vault.find_any(SIMILAR_INDEX, likeness.tokens(identity))
    candidates = [found for found in carried if found != person_id]
    if not candidates:
        return []
    known = await unit.store.vault.latest(unit.conn, "identity", candidates)
    _, own = exact_tokens(identity)
    alike = [
        (score, other, how)
        for other, values in known.items()
        if exact_tokens(values)[1] != own
        for how, score in filter(None, [likeness.likeness(identity, values)])
    ]
    return [(other, how) for _, other, how in sorted(alike, key=lambda one: (-one[0], one[1]))[:PROPOSED_AT_MOST]]


async def duplicates(unit: Unit, person_id: str, identity: dict[str, Any], another_person: bool) -> Duplicate | None:
    """Who is here already under this tax code, or name and birth date; None lets the registration go on."""
    codes, name_and_birth = exact_tokens(identity)
    await lock_index(unit, [*codes, name_and_birth], person_id)
    own = {person_id, *await aliases.ids_of(unit, person_id)}
    if codes:
        same = [found for found in await unit.vault.find_any(EXACT_INDEX, codes) if found not in own]
        if same:
            return Duplicate(
                "duplicate", "C'è già una persona con questo codice fiscale: apri la sua scheda.", "tax_code",
                people=await _shown(unit, same),
            )  # fmt: skip
    if not another_person:
        same = [found for found in await unit.vault.find(EXACT_INDEX, [name_and_birth]) if found not in own]
        if same:
            return Duplicate(
                "possible_duplicate",
                "C'è già una persona con lo stesso nome e la stessa data di nascita. Controlla la "
                "sua scheda; se è un'altra persona, confermalo sotto.",
                "another_person", people=await _shown(unit, same),
            )  # fmt: skip
    return None


async def _shown(unit: Unit, people: Sequence[str]) -> tuple[str, ...]:
    """These people by the ids under which they are shown."""
    return tuple(dict.fromkeys([await aliases.joined_under(unit, one) or one for one in people]))
