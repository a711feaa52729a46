"""The half-year's figures as tables: the rows of the page and of its exports, canonical JSON and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from services.reporting import labels
from services.reporting.domain import HalfYear, Period, masked
from shared.clock import ROME
from shared.store import to_json
from shared.web.exports import Column
from shared.web.formats import day, euro, number
from shared.web.labels import LINES

Kind = Literal["count", "days", "cents"]
Value = int | str | None
COLUMNS = (
    Column("group", "Tabella"),
    Column("label", "Cifra"),
    Column("value", "Semestre", "int"),
    Column("before", "Confronto", "int"),
    Column("unit", "Unità"),
    Column("note", "Nota"),
)


@dataclass(frozen=True)
class Line:
    """One figure with its comparison. `illustrative`: in demonstration mode its split is earlier years'."""

    label: str
    value: Value
    before: Value = None
    kind: Kind = "count"
    note: str = ""
    part: bool = False
    """A part of the line above it."""
    illustrative: bool = False


@dataclass(frozen=True)
class Table:
    """A group of figures."""

    key: str
    title: str
    lines: tuple[Line, ...]
    note: str = ""


def end_of(on: date) -> datetime:
    """The last instant of a civil day in Rome."""
    return datetime.combine(on + timedelta(days=1), time(), ROME) - timedelta(microseconds=1)


def canonical(period: Period, as_of: datetime, figures: HalfYear) -> str:
    """The figures as they are made public, as canonical JSON: sorted keys, no spaces, whole numbers.

    Small counts are hidden in it: from a digest of the whole figures they could be found by trying.
    """
    public = shown(figures, period.end, small=False)
    values = {"period": period.code, "as_of": as_of.astimezone(ROME).isoformat(), "figures": public}
    return to_json(values)


def digest(period: Period, as_of: datetime, figures: HalfYear) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(period, as_of, figures).encode()).hexdigest()


def shown(figures: HalfYear, on: date, *, small: bool) -> dict[str, Any]:
    """The figures as JSON for a reader: small counts by district and union hidden unless `small`."""
    values = asdict(figures)
    if not small:
        values |= {name: masked(values[name], on) for name in ("by_district", "by_union")}
    return values


@dataclass(frozen=True)
class Look:
    """How a reader sees the figures: `small` if small counts may be seen, `demo` in demonstration mode."""

    period: Period
    small: bool
    demo: bool


def tables(now: HalfYear, before: HalfYear | None, look: Look) -> list[Table]:
    """All tables of the report, with the comparison if there is one."""
    return [
        _people(now, before, look),
        _acts(now, before),
        _by_person(now, before),
        _contracts(now, before),
        _companies(now, before),
        _places("by_district", now, before, look),
        _places("by_union", now, before, look),
        _training(now, before),
        _projects(now, before),
    ]


def _of(figures: HalfYear | None, name: str) -> Value:
    value: Value = getattr(figures, name) if figures is not None else None
    return value


def _line(now: HalfYear, before: HalfYear | None, name: str, label: str, **more: Any) -> Line:
    return Line(label, _of(now, name), _of(before, name), **more)


def _people(now: HalfYear, before: HalfYear | None, look: Look) -> Table:
    def part(name: str, label: str) -> Line:
        return _line(now, before, name, label, part=True, illustrative=look.demo)

    return Table(
        "persone",
        "Persone iscritte",
        (
            _line(now, before, "enrolments", "Iscrizioni", note="registrazioni con data nel semestre"),
            part("men", "uomini"),
            part("women", "donne"),
            part("undeclared", "sesso non dichiarato"),
            part("over_50", "da 50 anni in su"),
            part("in_capital", "domiciliate a Bologna"),
        ),
    )


def _acts(now: HalfYear, before: HalfYear | None) -> Table:
    return Table(
        "inserimenti",
        "Inserimenti, per atto",
        (
            _line(now, before, "placements", "Inserimenti", note="atti contrattuali, non persone"),
            _line(now, before, "first_placements", "primi inserimenti", part=True),
            _line(now, before, "new_relationships", "nuovi rapporti", part=True),
            _line(now, before, "extensions", "proroghe", part=True),
            _line(now, before, "mean_wait", "Attesa media", kind="days", note=_about_waits(now)),
        ),
        "La lettura per atto (primi inserimenti, nuovi rapporti, proroghe) è nostra: la tabella pubblicata non torna "
        "in altro modo.",
    )


def _about_waits(now: HalfYear) -> str:
    text = f"dal primo colloquio all'inizio del primo inserimento, su {number(now.waits)} primi inserimenti"
    if now.without_interview:
        text += f"; {number(now.without_interview)} senza un colloquio prima dell'inizio"
    return text


def _by_person(now: HalfYear, before: HalfYear | None) -> Table:
    return Table(
        "persone-inserite",
        "Inserimenti, per persona",
        (
            _line(now, before, "placements", "Inserimenti"),
            _line(now, before, "acts_of_newcomers", "di persone senza un inserimento prima del semestre", part=True),
            _line(now, before, "acts_of_others", "di persone già inserite prima", part=True),
            _line(now, before, "persons_placed", "Persone distinte con almeno un atto"),
            _line(now, before, "persons_started", "Persone distinte con un rapporto iniziato nel semestre", part=True),
        ),
        "Per atto e per persona sono due letture indipendenti degli stessi inserimenti: le loro parti non si "
        "sommano tra loro.",
    )


def _contracts(now: HalfYear, before: HalfYear | None) -> Table:
    return Table(
        "contratti",
        "Inserimenti, per contratto",
        (
            _line(now, before, "placements", "Inserimenti"),
            _line(now, before, "permanent", "a tempo indeterminato", part=True),
            _line(now, before, "fixed_term", "a tempo determinato", part=True),
            _line(now, before, "other_contracts", "altri contratti", part=True),
        ),
        "Una proroga conta con il contratto che prolunga, mai come tempo indeterminato.",
    )


def _companies(now: HalfYear, before: HalfYear | None) -> Table:
    return Table(
        "aziende",
        "Aziende e selezioni",
        (
            _line(now, before, "hiring_companies", "Aziende che assumono", note="con almeno un atto nel semestre"),
            _line(now, before, "selections", "Selezioni avviate"),
            _line(now, before, "selecting_companies", "Aziende per cui sono state avviate"),
            _line(now, before, "new_companies", "Aziende nuove nella rete"),
            _line(now, before, "small_new_companies", "sotto i 50 dipendenti", part=True),
        ),
    )


PLACES = {
    "by_district": ("distretti", "Iscrizioni per distretto di domicilio", labels.DISTRICT_LABELS),
    "by_union": ("unioni", "Iscrizioni per unione di comuni", labels.UNION_LABELS),
}


def _places(name: str, now: HalfYear, before: HalfYear | None, look: Look) -> Table:
    key, title, words = PLACES[name]

    def seen(figures: HalfYear | None) -> Mapping[str, Value]:
        counts: dict[str, int] = getattr(figures, name) if figures is not None else {}
        return counts if look.small else masked(counts, look.period.end)

    found, earlier = seen(now), seen(before)
    lines = tuple(Line(words.get(code, code), found[code], earlier.get(code), illustrative=look.demo) for code in found)
    note = "Distretti e unioni sono quelli in vigore alla data dell'iscrizione."
    if not look.small:
        note += " I valori piccoli non si mostrano; «n.d.» copre un valore da cui se ne ricaverebbe un altro."
    return Table(key, title, lines, note)


def _training(now: HalfYear, before: HalfYear | None) -> Table:
    lines = []
    for title, name in (("iscrizioni", "courses_enrolled"), ("corsi completati", "courses_completed")):
        earlier = getattr(before, name) if before is not None else {}
        lines += [
            Line(f"{words}: {title}", getattr(now, name)[line], earlier.get(line)) for line, words in LINES.items()
        ]
    return Table("formazione", "Formazione, per linea", tuple(lines))


def _projects(now: HalfYear, before: HalfYear | None) -> Table:
    return Table(
        "progetti",
        "Progetti d'impresa",
        (
            _line(now, before, "projects_submitted", "Presentati"),
            _line(now, before, "amount_requested", "importo richiesto", kind="cents", part=True),
            _line(now, before, "projects_suitable", "Giudicati idonei"),
            _line(now, before, "projects_approved", "Approvati"),
            _line(now, before, "amount_approved", "importo approvato", kind="cents", part=True),
            _line(now, before, "amount_paid", "Importo pagato", kind="cents"),
        ),
    )


def cell(line: Line, value: Value) -> str:
    """A figure as the page writes it."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    match line.kind:
        case "cents":
            return euro(value)
        case "days":
            return f"{number(value)} giorni"
        case _:
            return number(value)


UNITS = {"count": "", "days": "giorni", "cents": "euro"}


def rows(found: list[Table]) -> list[dict[str, Any]]:
    """The tables as rows of one export. Amounts in euro; a count that is not shown is empty, and the note says why."""

    def plain(line: Line, value: Value) -> Any:
        if isinstance(value, str):
            return None
        return value / 100 if line.kind == "cents" and value is not None else value

    def notes(line: Line) -> str:
        hidden = [
            f"{words} {value} (non mostrato)"
            for words, value in (("semestre", line.value), ("confronto", line.before))
            if isinstance(value, str)
        ]
        return ", ".join([line.note] * bool(line.note) + hidden + ["ripartizione illustrativa"] * line.illustrative)

    return [
        {
            "group": table.title, "label": line.label, "value": plain(line, line.value),
            "before": plain(line, line.before), "unit": UNITS[line.kind], "note": notes(line),
        }
        for table in found
        for line in table.lines
    ]  # fmt: skip


def name_of(period: Period) -> str:
    """«primo semestre 2024»."""
    return f"{'primo' if period.half == 1 else 'secondo'} semestre {period.year}"


def span(period: Period) -> str:
    """«dal 01/01/2024 al 30/06/2024»."""
    return f"dal {day(period.start)} al {day(period.end)}"
