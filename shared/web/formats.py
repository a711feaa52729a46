"""How values are written in Italian: dates gg/mm/aaaa, amounts 1.234,56 €."""

from __future__ import annotations

from datetime import date, datetime

from shared.clock import ROME


def day(value: date | datetime | str | None) -> str:
    """gg/mm/aaaa; an instant gives its civil date in Rome, nothing gives nothing."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(ROME).date()
    return f"{value:%d/%m}/{value.year:04}"


def instant(value: datetime | str | None) -> str:
    """gg/mm/aaaa hh:mm, in Rome."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    local = value.astimezone(ROME)
    return f"{day(local.date())} {local:%H:%M}"


def number(value: int | float | None, decimals: int = 0) -> str:
    """1.234 or 1.234,5."""
    if value is None:
        return ""
    return f"{value:,.{decimals}f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def euro(cents: int | None) -> str:
    """1.234,56 €, with a space that does not break."""
    if cents is None:
        return ""
    sign = "-" if cents < 0 else ""
    return f"{sign}{number(abs(cents) // 100)},{abs(cents) % 100:02}\N{NO-BREAK SPACE}€"


def percent(part: float, whole: float) -> str:
    """12,3 %; a dash where there is no whole."""
    return f"{number(100 * part / whole, 1)}\N{NO-BREAK SPACE}%" if whole else "–"


def short(person_id: str) -> str:
    """What stands for a person where the name may not be shown."""
    return person_id[:8]
