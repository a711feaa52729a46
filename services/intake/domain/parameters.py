"""What the law or the programme may change: dated parameters and the dated table of other measures.

`[own]` marks what no source read by the authors confirms: to be confirmed by the office, and changed here
by a new line with its own first day, never in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value in force from a civil date until the next line of the same name."""

    name: str
    value: int
    valid_from: date
    source: str


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("minimum_age", 15, date(2017, 1, 1), "[own] D.Lgs. 81/2015 art. 43: apprendistato dai 15 anni"),
    Parameter("first_contact_days", 35, date(2017, 1, 1), "4-5 settimane: interregeurope, pratica 4145"),
    Parameter("suspension_days", 180, date(2015, 9, 24), "D.Lgs. 150/2015 art. 19 c. 3"),
    Parameter("income_employee_cents", 814_500, date(2019, 1, 1), "D.L. 4/2019 art. 4 c. 15-quater"),
    Parameter("income_own_cents", 480_000, date(2019, 1, 1), "D.L. 4/2019 art. 4 c. 15-quater"),
    Parameter("income_employee_cents", 850_000, date(2022, 1, 1), "[own] art. 13 TUIR, soglia rivalutata"),
    Parameter("income_own_cents", 550_000, date(2022, 1, 1), "[own] art. 13 TUIR, soglia rivalutata"),
    Parameter("long_term_days", 365, date(2015, 9, 24), "[own] oltre dodici mesi: D.Lgs. 150/2015; D.M. 17/10/2017"),
    Parameter("refusal_notice_days", 0, date(2017, 1, 1), "[own] preavviso art. 10-bis L. 241/1990: 0 = non in uso"),
    Parameter("separate_finding", 0, date(2017, 1, 1), "[own] la fragilità si motiva nella presa in carico"),
    Parameter("separate_finding", 1, date(2025, 1, 1), "[own] accertamento della fragilità come atto a sé"),
    Parameter("sample_share_percent", 5, date(2017, 1, 1), "[own] DPR 445/2000 art. 71 c. 1: controlli a campione"),
    Parameter("sample_seed", 44571, date(2017, 1, 1), "[own] seme del sorteggio, pubblico"),
    Parameter("unreachable_tries", 3, date(2017, 1, 1), "[own] tentativi a vuoto per dirla irreperibile"),
    Parameter("unreachable_days", 30, date(2017, 1, 1), "[own] entro quanti giorni"),
    Parameter("silent_days", 45, date(2017, 1, 1), "[own] pagina Oggi: nessun fatto né contatto"),
    Parameter("plan_review_days", 90, date(2017, 1, 1), "[own] revisione del piano"),
    Parameter("suspension_most_days", 365, date(2017, 1, 1), "[own] durata massima prevista di una sospensione"),
    Parameter("questionnaire_days", 30, date(2017, 1, 1), "[own] questionario in rete lasciato a metà: cancellato"),
    Parameter("draft_days", 7, date(2017, 1, 1), "[own] bozza di un modulo allo sportello: cancellata"),
    Parameter("contact_days", 365, date(2017, 1, 1), "[own] domanda dal sito: conservata 12 mesi, poi cancellata"),
    Parameter("discarded_contact_days", 30, date(2017, 1, 1), "[own] domanda scartata: cancellata dopo 30 giorni"),
    Parameter("answered_referral_days", 90, date(2017, 1, 1), "[own] segnalazione non accolta: dati cancellati dopo"),
    Parameter("person_code_days", 180, date(2017, 1, 1), "[own] codice per la pagina personale"),
    Parameter("erasure_days", 5, date(2017, 1, 1), "[own] dalla conferma alla cancellazione: per dare la lettera"),
    Parameter("recently_closed_days", 30, date(2017, 1, 1), "[own] pagina Oggi"),
    Parameter("slot_minutes", 30, date(2017, 1, 1), "[own] durata di un appuntamento"),
    Parameter("booking_days", 180, date(2017, 1, 1), "[own] quanto lontano si fissa un appuntamento"),
    Parameter("reminder_hours", 24, date(2017, 1, 1), "[own] promemoria prima dell'appuntamento"),
    Parameter("message_fresh_days", 3, date(2017, 1, 1), "[own] un fatto più vecchio non si comunica"),
    Parameter("messages_from_hour", 8, date(2017, 1, 1), "[own] nessun messaggio di notte"),
    Parameter("messages_until_hour", 20, date(2017, 1, 1), "[own] nessun messaggio di notte"),
    Parameter("feed_days", 180, date(2017, 1, 1), "[own] validità di un calendario pubblicato"),
    Parameter("permit_reminder_days", 60, date(2017, 1, 1), "D.Lgs. 286/1998 art. 5 c. 4: rinnovo 60 giorni prima"),
    Parameter("emergency_hours", 4, date(2017, 1, 1), "[own] apertura in emergenza di una scheda: quanto dura"),
    Parameter("emergency_notice_days", 14, date(2017, 1, 1), "[own] pagina Oggi: aperture delle proprie persone"),
    Parameter(
        "access_log_days", 365, date(2017, 1, 1), "[own] 6-12 mesi, per la verifica degli accessi; mai meno di 6"
    ),
    Parameter("sign_in_days", 365, date(2017, 1, 1), "Garante 27/11/2008: almeno 6 mesi per gli amministratori"),
    Parameter("attachment_bytes", 9_500_000, date(2017, 1, 1), "[own] foto di telefono e scansioni"),
    Parameter("attachments_per_person", 60, date(2017, 1, 1), "[own] contro l'accumulo senza scopo"),
)
"""Ages in years, terms in days, money in cents a year."""


def parameter(name: str, on: date, table: tuple[Parameter, ...] = PARAMETERS) -> int:
    """The value in force on that date. Raises KeyError if unknown."""
    return in_force(name, on, table).value


def in_force(name: str, on: date, table: tuple[Parameter, ...] = PARAMETERS) -> Parameter:
    """The line in force on that date; before the first line, the first one. Raises KeyError if unknown."""
    lines = sorted((each for each in table if each.name == name), key=lambda each: each.valid_from)
    if not lines:
        raise KeyError(name)
    return next((each for each in reversed(lines) if each.valid_from <= on), lines[0])


Verdict = Literal["compatible", "incompatible", "to_discuss"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How another measure goes together with the programme, from a civil date on."""

    code: str
    verdict: Verdict
    valid_from: date
    source: str


_2017 = date(2017, 1, 1)
MEASURES: tuple[Measure, ...] = (
    Measure("none", "compatible", _2017, "protocollo: nessun altro intervento in corso"),
    Measure("income_support", "compatible", _2017, "[own] NASpI e DIS-COLL: sostegno al reddito"),
    Measure("adi", "to_discuss", date(2024, 1, 1), "[own] ADI: percorso SIISL e patto di attivazione"),
    Measure("sfl", "to_discuss", date(2023, 9, 1), "[own] SFL: percorso SIISL e patto di attivazione"),
    Measure("reddito_di_cittadinanza", "to_discuss", date(2019, 4, 1), "[own] patto per il lavoro"),
    Measure("gol", "to_discuss", date(2022, 1, 1), "[own] programma GOL: stesso bisogno, stesso periodo"),
    Measure("lr14", "to_discuss", date(2017, 9, 1), "[own] L.R. E-R 14/2015: programma personalizzato"),
    Measure("regional_traineeship", "incompatible", _2017, "[own] tirocinio finanziato in corso"),
    Measure("other", "to_discuss", _2017, "[own] altra misura di politica attiva"),
)
"""'NOT already the recipient of another active employment policy measure' (interregeurope 4145)."""


def measures_on(on: date, table: tuple[Measure, ...] = MEASURES) -> dict[str, Verdict]:
    """The measures known on that date with their verdict."""
    found: dict[str, Verdict] = {}
    for each in sorted(table, key=lambda line: line.valid_from):
        if each.valid_from <= on:
            found[each.code] = each.verdict
    return found
