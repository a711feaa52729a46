"""Why a check went as it did, in plain Italian: which rule, which value, which threshold in force since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.intake import labels
from services.intake.domain.parameters import MEASURES, measures_on
from services.intake.domain.unemployment import WorkPeriod, seniority, suspension
from shared import territory
from shared.events.intake import AppliedParameter, EligibilityChecked
from shared.web.formats import day, euro
from shared.web.labels import DISTRICTS

RULES = {
    "domicile": "La persona vive in uno dei 55 comuni della Città metropolitana: conta il domicilio, non la residenza. "
    "Anche chi è senza dimora, in dormitorio, in comunità o in una via fittizia ha un domicilio.",
    "status": "La persona è disoccupata: ha dichiarato la disponibilità al lavoro (DID) e non lavora, oppure il suo "
    "reddito non supera la soglia, oppure un contratto breve sospende lo stato senza farlo perdere.",
    "measures": "La persona non è già in un'altra misura di politica attiva per lo stesso bisogno, o la misura è "
    "compatibile, o c'è un motivo per proseguire.",
}
SOURCES = {
    "domicile": "Protocollo; L. 56/2014; L. 1228/1954 art. 2",
    "status": "D.Lgs. 150/2015 art. 19; D.L. 4/2019 art. 4 c. 15-quater",
    "measures": "Protocollo (non duplicazione degli interventi); tabella delle misure con le sue date",
}


@dataclass(frozen=True)
class Explanation:
    """One check as its card tells it."""

    rule: str
    source: str
    lines: tuple[str, ...]
    attributes: tuple[str, ...] = ()


def explain(check: EligibilityChecked, details: dict[str, Any], today: date) -> Explanation:
    """`details` is what the vault keeps of the check, empty where nothing was kept or all was erased."""
    tell = {"domicile": _domicile, "status": _status, "measures": _measures}[check.check]
    lines = tell(check, details, today)
    if check.reason.endswith(".untrue"):
        lines = ["La dichiarazione è risultata non vera: la verifica non è più superata."]
    attributes = tuple(labels.STATUS_ATTRIBUTES[name] for name in check.attributes)
    return Explanation(RULES[check.check], SOURCES[check.check], tuple(lines), attributes)


def _domicile(check: EligibilityChecked, details: dict[str, Any], today: date) -> list[str]:
    code = details.get("municipality")
    lines = []
    if details.get("address"):
        lines.append(f"Indirizzo: {details['address']}.")
    if code and territory.is_metropolitan(code):
        where = labels.MUNICIPALITIES[code]
        if code == territory.CAPITAL:
            where += f", quartiere {labels.QUARTIERI.get(details.get('quartiere') or 'unknown', 'non noto').lower()}"
        lines.append(f"Comune: {where}.")
    if check.reason == "domicile.outside":
        return [*lines, "Il comune non è tra i 55 della Città metropolitana."]
    lines.append(f"Domicilio: {labels.check_reason(check.reason)}.")
    if check.district:
        union = f"unione: {territory.UNIONS[check.union]}" if check.union else "in nessuna unione"
        lines.append(f"Distretto {DISTRICTS[check.district]}, {union}, come in vigore il {day(check.on)}.")
    return lines


def _status(check: EligibilityChecked, details: dict[str, Any], today: date) -> list[str]:
    values = {each.name: each for each in check.applied}
    lines = [f"Esito: {labels.check_reason(check.reason)}."]
    for kind, name, words in (
        ("employee_pay", "income_employee_cents", "Reddito annuo previsto da lavoro dipendente"),
        ("own_account_pay", "income_own_cents", "Reddito annuo da lavoro autonomo"),
    ):
        if name in values and (kind in details or check.reason != "status.suspended"):
            lines.append(_against(words, int(details.get(kind, 0)) * 100, values[name]))
    contract = _period(details.get("contract_from"), details.get("contract_until"))
    if contract is not None:
        lines += _contract(contract, values.get("suspension_days"), bool(details.get("extended")), today)
    if details.get("did_on"):
        lines.append(_seniority(details, contract, values.get("long_term_days"), today))
    return lines


def _against(words: str, cents: int, limit: AppliedParameter) -> str:
    verb = "supera" if cents > limit.value else "non supera"
    return f"{words}: {euro(cents)}, {verb} la soglia di {euro(limit.value)} in vigore dal {day(limit.since)}."


def _contract(work: WorkPeriod, limit: AppliedParameter | None, extended: bool, today: date) -> list[str]:
    length = work.days()
    if length is None:
        return [f"Contratto dal {day(work.first)}, senza scadenza."]
    lines = [f"Contratto dal {day(work.first)} al {day(work.last)}: {length} giorni."]
    if limit is None:
        return lines
    found = suspension(work, limit.value, today, extended)
    if found is None:
        return [*lines, f"Dura più di {limit.value} giorni (limite in vigore dal {day(limit.since)}): non sospende."]
    lines.append(
        f"Sospende lo stato fino al {day(found.until)}, al massimo per {limit.value} giorni (in vigore dal "
        f"{day(limit.since)})."
    )
    state = "è ancora sospeso" if found.now else "non è più sospeso: ripeti la verifica"
    return [*lines, f"Oggi, {day(today)}: {found.days} giorni di sospensione, lo stato {state}."]


def _seniority(
    details: dict[str, Any], contract: WorkPeriod | None, limit: AppliedParameter | None, today: date
) -> str:
    works = [WorkPeriod(date.fromisoformat(first), date.fromisoformat(last)) for first, last in details.get("past", [])]
    works += [contract] if contract else []
    did_on = date.fromisoformat(details["did_on"])
    days = seniority(did_on, works, today)
    taken = (today - did_on).days - days
    words = f"Anzianità oggi: {days} giorni dalla DID del {day(did_on)}"
    words += f" ({taken} giorni sospesi non contano)" if taken else ""
    if limit is None:
        return words + "."
    verb = "oltre" if days > limit.value else "non oltre"
    return f"{words}; {verb} {limit.value}, la soglia della lunga durata in vigore dal {day(limit.since)}."


def _period(first: str | None, last: str | None) -> WorkPeriod | None:
    return WorkPeriod(date.fromisoformat(first), date.fromisoformat(last) if last else None) if first else None


def _measures(check: EligibilityChecked, details: dict[str, Any], today: date) -> list[str]:
    _, measure, *motive = check.reason.split(".")
    if measure == "none":
        return ["Nessun'altra misura in corso."]
    verdict = measures_on(check.on).get(measure)
    since = max((m.valid_from for m in MEASURES if m.code == measure and m.valid_from <= check.on), default=None)
    lines = [f"Misura: {labels.MEASURES.get(measure, measure)}."]
    if verdict is not None:
        lines.append(f"Nella tabella è {labels.VERDICTS[verdict]}, in vigore dal {day(since)}.")
    if motive:
        lines.append(f"Motivo per proseguire: {labels.MEASURE_MOTIVES.get(motive[0], motive[0]).lower()}.")
    if details.get("note"):
        lines.append(f"Nota: {details['note']}")
    return lines
