"""The answer to an access request (Regulation 2016/679, art. 15): everything about one person, from every service.

Intake's part is read here; the others' come as documents that each service signed for this reader
(shared.web.person_data). One set of data, given as JSON and as a page to print (PDF).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from services.intake import labels
from services.intake.domain.retention import RULES, Rule, rules_on
from services.intake.doors import log_access
from services.intake.views import SITE_CONTACTS
from shared.events.intake import AttachmentAdded
from shared.projection.aliases import group
from shared.store import Store
from shared.web import person_data
from shared.web.app import name_of
from shared.web.formats import day
from shared.web.pages import SERVICES
from shared.web.readers import Reader, actions

PURPOSES = (
    "Accompagnare al lavoro persone fragili: accoglienza, valutazione, piano, corsi, inserimenti, impresa.",
    "Base: compito di interesse pubblico (art. 6, par. 1, lett. e GDPR; art. 2-ter D.Lgs. 196/2003); per i dati "
    "particolari art. 9, par. 2, lett. g GDPR e art. 2-sexies, comma 2, D.Lgs. 196/2003.",
)
RECIPIENTS = (
    "Gli operatori del programma che seguono il percorso: Comune, Città metropolitana, Arcidiocesi, FSP (contitolari).",
    "Gli enti di formazione e le aziende a cui la persona è stata presentata, con il suo accordo e senza i dati sulla "
    "fragilità.",
    "Chi controlla la spesa pubblica, per i soli documenti di spesa. Nessun dato è trasferito fuori dall'Unione "
    "europea.",
)
SOURCES = (
    "La persona stessa; l'ente che l'ha segnalata, se c'è; la Regione, per le altre misure in corso; gli operatori.",
)
RIGHTS = (
    "Rettifica (art. 16), cancellazione (art. 17), limitazione (art. 18), opposizione (art. 21), dalla pagina "
    "personale o allo sportello.",
    "Portabilità (art. 20): solo per i dati trattati per consenso o contratto, non per i compiti di interesse "
    "pubblico.",
    "Nessuna decisione è presa solo da una macchina (art. 22): le proposte di lavoro seguono regole leggibili e le "
    "decide sempre un operatore.",
    "Reclamo al Garante per la protezione dei dati personali; risposta entro un mese (art. 12, par. 3).",
)
VOCABULARY: person_data.Vocabulary = {
    "channel": labels.CHANNELS, "mode": labels.MODES, "readiness": labels.READINESS, "outcome": labels.OUTCOMES,
    "right": labels.RIGHTS, "template": labels.TEMPLATES, "district": labels.DISTRICTS, "entry": labels.ENTRIES,
    "education": labels.EDUCATION, "sex": labels.SEXES, "check": labels.CHECKS, "kind": labels.ATTACHMENT_KINDS,
}  # fmt: skip
ACCESSES = text(
    "select at, account, action, purpose, fields from access_log where subjects && cast(:ids as text[]) order by at"
)


async def own_part(store: Store, reader: Reader, person_id: str) -> dict[str, Any]:
    """What intake holds of the person: facts with their texts, identity, documents, who looked. One row of the access
    log says that it was put together."""
    async with store.read() as reading:
        ids = await group(reading, person_id)
        table = reading.table(SITE_CONTACTS)
        contacts = await reading.rows(table.select().where(table.c.person_id.in_(list(ids))))
        streams = [*ids, *(row["contact_id"] for row in contacts)]
        part = await person_data.part_of(store, reading.conn, "intake", streams, VOCABULARY)
        found = await store.vault.latest(reading.conn, "identity", ids)
        seen = (await reading.conn.execute(ACCESSES, {"ids": list(ids)})).all()
        documents = []
        for recorded in await store.facts(reading.conn, ids):
            if isinstance(recorded.event, AttachmentAdded):
                about = await store.vault.read(reading.conn, recorded.event.reference)
                state = f"{about['media_type']}, {about['size']} byte" if about else "tolto"
                kind = labels.ATTACHMENT_KINDS.get(recorded.event.kind, recorded.event.kind)
                documents.append({"on": recorded.event.on.isoformat(), "what": kind, "state": state})
    async with store.engine.begin() as conn:
        profiles = await conn.execute(
            text("select person_id, data from profiles_out where person_id = any(:ids) and data is not null"),
            {"ids": list(ids)},
        )
        part["profile"] = {row[0]: row[1] for row in profiles}
        await log_access(conn, reader, "access_request", "intake.rights", list(ids), ["everything"])
    part |= {
        "ids": list(ids), "identity": [found[one] for one in ids if one in found], "documents": documents,
        "accesses": [
            {
                "at": row.at.isoformat(), "by": name_of(row.account),
                "purpose": actions().get(row.purpose, row.purpose),
                "fields": list(row.fields),
            }
            for row in seen
        ],
    }  # fmt: skip
    return part


def _period(rule: Rule) -> str:
    if rule.months is None:
        return "senza termine"
    return f"{rule.months // 12} anni" if rule.months % 12 == 0 and rule.months else f"{rule.months} mesi"


def everything(own: dict[str, Any], others: Sequence[dict[str, Any]], on: date) -> dict[str, Any]:
    """All of it: what the person gets as JSON, and what the page and the PDF show."""
    rules = [one for code, one in rules_on(on, RULES).items() if code != "kept_over"]
    return {
        "made_on": on.isoformat(), "person": own["ids"], "identity": own["identity"],
        "services": [
            {"name": SERVICES[part["service"]][0], **{k: v for k, v in part.items() if k not in ALONE}}
            for part in (own, *others)
        ],
        "documents": own["documents"], "accesses": own["accesses"],
        "information": {
            "purposes": list(PURPOSES), "recipients": list(RECIPIENTS), "sources": list(SOURCES),
            "retention": [{"what": one.words, "how_long": _period(one), "rule": one.source} for one in rules],
            "rights": list(RIGHTS),
        },
    }  # fmt: skip


ALONE = ("ids", "identity", "documents", "accesses")


def heading(all_of_it: dict[str, Any]) -> str:
    """Whom it is about, in words."""
    known = all_of_it["identity"]
    return f"{known[0]['family_name']} {known[0]['given_name']}" if known else "Persona senza dati identificativi"


def made_on(all_of_it: dict[str, Any]) -> str:
    """The day, in Italian."""
    return day(date.fromisoformat(all_of_it["made_on"]))
