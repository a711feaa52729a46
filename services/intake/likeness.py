"""When two people look like one: how names sound to an Italian ear, and dates that a slip of the pen apart.

Pure. What is indexed of it is only ever a keyed hash (`finding`); names are compared in memory, once the vault gave
them for a pair that already shares a sound and a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import jellyfish

from shared.events.intake import Likeness
from shared.territory import normal

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        # How the same name is written in Italian and transliterated from other alphabets.
        (r"(.)\1+", r"\1"), (r"SCH", "SK"), (r"SC(?=[EI])", "S"), (r"SH", "S"), (r"TSCH|TCH|CH(?=[^EI]|$)", "C"),
        (r"CH", "K"), (r"GLI", "LI"), (r"GN", "NI"), (r"GH", "G"), (r"DJ|DZH|DŽ", "G"), (r"G(?=[EI])", "J"),
        (r"C(?=[EI])", "C"), (r"C(?=[^EI]|$)", "K"), (r"Q", "K"), (r"PH", "F"), (r"KH", "K"), (r"TH", "T"),
        (r"DH", "D"), (r"[YJI]", "I"), (r"W|OU(?=[AEIO])", "V"), (r"X|Z|TS", "S"), (r"H", ""), (r"(.)\1+", r"\1"),
    )
)  # fmt: skip
ALIKE = 0.9
"""Jaro-Winkler at and above which two whole names are taken for one: Amina Rossi, Aminah Rosi. [own]"""


def sound(word: str) -> str:
    """A word as it sounds: consonants, and whether it begins with a vowel. Empty for a word without letters."""
    heard = re.sub(r"[^A-Z]", "", normal(word))
    for pattern, other in _SOUNDS:
        heard = pattern.sub(other, heard)
    return re.sub(r"^[AEIOU]", "A", heard)[:1] + re.sub(r"[AEIOU]", "", heard[1:])


def sounds(identity: Mapping[str, Any]) -> list[str]:
    """The words of the whole name by their sound, in alphabetical order: names swapped sound the same."""
    words = f"{identity['family_name']} {identity['given_name']}".split()
    return sorted(filter(None, map(sound, words)))


def tokens(identity: Mapping[str, Any]) -> list[str]:
    """Under which a person is proposed as another: the sound of the name with the date without one digit, with
    day and month in either order, and each word's sound with the whole date."""
    heard = sounds(identity)
    if not heard:
        return []
    name, born = "+".join(heard), date.fromisoformat(identity["birth_date"])
    digits = f"{born:%Y%m%d}"
    masked = [f"d:{name}|{digits[:n]}?{digits[n + 1 :]}" for n in range(len(digits))]
    day, month = sorted((born.day, born.month))
    words = [f"w:{word}|{digits}" for word in set(heard) if len(word) > 1]
    return [*masked, f"s:{name}|{born.year}{day:02}{month:02}", *words]


def likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Likeness, float] | None:
    """In what two people are alike and how much (0 to 1); None if they are not."""
    born = date.fromisoformat(one["birth_date"]), date.fromisoformat(other["birth_date"])
    near = jellyfish.jaro_winkler_similarity(_whole(one), _whole(other))
    same_sound = sounds(one) == sounds(other)
    if born[0] == born[1]:
        if same_sound:
            return "sound_and_date", max(near, ALIKE)
        return ("date_and_name", near) if near >= ALIKE else None
    if not same_sound:
        return None
    if born[0].year == born[1].year and (born[0].month, born[0].day) == (born[1].day, born[1].month):
        return "date_swapped", near
    if sum(a != b for a, b in zip(f"{born[0]:%Y%m%d}", f"{born[1]:%Y%m%d}", strict=True)) == 1:
        return "digit_off", near
    return None


def _whole(identity: Mapping[str, Any]) -> str:
    return " ".join(sorted(normal(f"{identity['family_name']} {identity['given_name']}").split()))
