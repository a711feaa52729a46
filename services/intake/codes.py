"""Codes that a person writes down: twelve characters that cannot be mistaken for one another (60 random bits).

Only a keyed hash of a code is kept. It is made of a random id under a key of its own, so that a repeated command
shows the same one again.
"""

from __future__ import annotations

import re
import unicodedata

from shared.vault import Vault

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
LENGTH = 12
_ALIKE = str.maketrans("OIL", "011")


def made(vault: Vault, purpose: str, seed: str) -> str:
    """The code of this purpose that belongs to the seed."""
    number = int.from_bytes(vault.keyed_hash(f"code/{purpose}", seed)[:8], "big") >> 4
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def shown(code: str) -> str:
    """As it is shown: four by four."""
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def typed(text: str) -> str | None:
    """A code as somebody typed it (spaces, dashes, small letters, Arabic digits); None if it can be none."""
    plain = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text.upper() if char.isalnum()
    ).translate(_ALIKE)
    return plain if re.fullmatch(f"[{ALPHABET}]{{{LENGTH}}}", plain) else None
