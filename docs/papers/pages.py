"""The papers as pages, in Italian: what people wrote beside what the code knows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from docs.papers import code
from docs.papers.model import Assessment, Kind, Papers, Register, Retention, Threats
from services.intake.domain.parameters import PARAMETERS
from services.intake.domain.retention import RULES, Rule
from shared import keys
from shared.events import PARTITIONS, REGISTRY, region
from shared.topics import MONITORING
from shared.web import accessibility
from shared.web.pages import SERVICES as TITLES
from shared.web.readers import rights_table, roles

CONFIRM = "[da confermare]"
HEAD = "Generato da `python -m docs.generate` da {sources}: si cambiano quelli, non questa pagina."
STRIDE = {
    "S": "falsa identità", "T": "manomissione", "R": "ripudio", "I": "divulgazione", "D": "blocco",
    "E": "privilegi",
}  # fmt: skip
LIKELY = {1: "trascurabile", 2: "limitata", 3: "importante", 4: "massima"}
STARTS = {
    "fact": "dal fatto", "year_end": "dal 31 dicembre dell'anno del fatto", "closure": "dalla chiusura del percorso",
    "erasure": "dalla fine dell'obbligo",
}  # fmt: skip
RULE_KINDS = {
    "duty": "obbligo: si conserva anche se la persona chiede la cancellazione",
    "term": "termine: finito, si cancella o la cancellazione è proposta",
    "elsewhere": "presso altri",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    head = list(head)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*lines, *(f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in row)} |" for row in rows)]


def _page(title: str, sources: str, *parts: Iterable[str]) -> str:
    lines = [f"# {title}", "", HEAD.format(sources=sources)]
    for part in parts:
        lines += ["", *part]
    return "\n".join(lines) + "\n"


def _list(items: Iterable[str]) -> list[str]:
    return [f"- {item}" for item in items]


def source_of(words: str) -> str:
    """A source as the authors noted it; `[own]` is what nothing confirmed that they read."""
    return words.replace("[own]", CONFIRM)


def months(rule: Rule) -> str:
    """The length of a period, in words."""
    if rule.months is None:
        return "senza termine"
    if rule.months == 0:
        return "subito"
    if rule.months == 12:
        return "un anno"
    return f"{rule.months // 12} anni" if rule.months % 12 == 0 else f"{rule.months} mesi"


def periods() -> dict[str, str]:
    """Every period that the code keeps, by code of the rule or name of the parameter: its newest line."""
    found = {one.name: f"{one.value} giorni" for one in sorted(PARAMETERS, key=lambda one: one.valid_from)}
    return found | {
        one.code: f"{months(one)} {STARTS[one.start]}" for one in sorted(RULES, key=lambda one: one.valid_from)
    }


# --- register -------------------------------------------------------------------------------------------------------


def registro(papers: Papers) -> str:
    """Register of processing (Regulation 2016/679, art. 30)."""
    register = papers.register
    readers = code.profile_readers(code.ROOT, register.profiles)
    parts: list[Iterable[str]] = [
        ["Registro delle attività di trattamento (art. 30 GDPR). Ciò che porta " + CONFIRM + " spetta ai titolari."],
        ["## Chi decide", "", *table(("Chi", "Ruolo proposto"), (
            (one.who, f"{one.role} {CONFIRM}") for one in register.controllers
        ))],
        ["Da confermare:", "", *_list(register.to_confirm)],
        ["## Trasferimenti", "", register.transfers.strip()],
        *(_service(register, name) for name in register.services),
        ["## Attributi fini", "", "Viaggiano sull'argomento compattato `profiles` (solo l'ultimo valore) e si "
         "cancellano con la persona. Ciascuno ha la sua ragione:", "",
         *table(("Attributo", "Perché serve", "Letto da (oltre all'accoglienza)"), (
             (f"`{name}`", why, ", ".join(TITLES[one][0] for one in readers[name]) or "nessuno")
             for name, why in register.profiles.items()))],
        ["## Argomenti del registro degli eventi", "", "Ogni evento, campo per campo: [events.md](../events.md).", "",
         *table(("Argomento", "Tipi di fatto", "Dati", "Particolari", "Conservazione"),
                ((f"`{name}`", str(sum(name == t.TOPIC for t in REGISTRY.values()) or "–"), one.data,
                  _yes(one.special), _topic_kept(name)) for name, one in register.topics.items()))],
        ["## Tabelle durevoli", "", *table(("Tabella", "Contenuto"), (
            (f"`{name}`", words) for name, words in register.tables.items()))],
        ["## Programmi che leggono", "", *table(("Ambito (scope)", "Che cosa"), (
            (f"`{name}`", words) for name, words in register.machines.items()))],
        ["## Misure", "", *table(("Misura", "Che cosa"), (
            (f"`{name}`", one.what) for name, one in papers.assessment.measures.items())),
         "", "Le prove di ciascuna sono in [dpia.md](dpia.md)."],
    ]  # fmt: skip
    return _page("Registro dei trattamenti", "`docs/privacy/registro.yaml` e dal codice", *parts)


def _yes(special: bool) -> str:
    return "sì" if special else "no"


def _topic_kept(name: str) -> str:
    if name == MONITORING.name:
        return f"{(MONITORING.retention_ms or 0) // 86_400_000} giorni"
    if name == region.TOPIC:
        return f"{region.RETENTION_DAYS} giorni"
    return "senza termine" if name in PARTITIONS else "ultimo valore, fino alla cancellazione"


def _service(register: Register, name: str) -> list[str]:
    one = register.services[name]
    lines = [f"## {TITLES[name][0]}", ""]
    lines += _list((
        f"**Scopo**: {one.purpose.strip()}", f"**Base giuridica**: {one.basis.strip()}",
        f"**Persone**: {one.people}", f"**Destinatari**: {one.recipients.strip()}",
    ))  # fmt: skip
    events = [type_ for type_ in REGISTRY.values() if type_.TYPE.startswith(f"{name}.")]
    lines.append(f"- **Fatti registrati**: {len(events)} tipi, solo codici, date e vocabolari chiusi")
    who = {role: None for _, reach in rights_table()[name] for role in reach}
    lines.append("- **Ruoli che vi accedono** (che cosa e su chi: [ruoli.md](../ruoli.md)): "
                 + "; ".join(roles()[role] for role in who))  # fmt: skip
    kinds = register.kinds.get(name, {})
    if not kinds:
        return [*lines, "- **Testi cifrati**: nessuno"]
    known = periods()
    rows = ((f"`{kind}`", held.what, _yes(held.special), _until(held, known)) for kind, held in sorted(kinds.items()))
    return [*lines, "", "Testi cifrati:", "", *table(("Tipo", "Contenuto", "Particolari", "Fino a quando"), rows)]


def _until(kind: Kind, known: dict[str, str]) -> str:
    return (
        "; ".join(f"{known[name]} (`{name}`)" for name in kind.until)
        or kind.words
        or f"finché serve al programma {CONFIRM}"
    )


# --- retention ------------------------------------------------------------------------------------------------------


def conservazione(papers: Papers) -> str:
    """The retention table."""
    retention: Retention = papers.retention
    generation = [(f"dal {day(since)}", f"{days} giorni dopo l'ultimo uso", source_of(why))
                  for since, days, why in keys.KEPT]  # fmt: skip
    return _page(
        "Tabella di conservazione",
        "`services/intake/domain/retention.py`, `services/intake/domain/parameters.py`, `shared/keys.py` e "
        "`docs/privacy/conservazione.yaml`",
        ["Una regola cambia con una riga nuova e il suo primo giorno, mai riscrivendo la vecchia. " + CONFIRM
         + ": nessuna fonte letta da chi ha scritto il programma lo conferma."],
        ["## Regole", "", *table(
            ("Che cosa", "Quanto", "Da quando si conta", "In vigore dal", "Genere", "Fonte", "Codice"),
            ((one.words, months(one), STARTS[one.start], day(one.valid_from), RULE_KINDS[one.kind],
              source_of(one.source), f"`{one.code}`") for one in RULES))],
        ["## Termini in giorni", "", *table(
            ("Che cosa", "Giorni", "In vigore dal", "Fonte", "Parametro"),
            ((words, str(one.value), day(one.valid_from), source_of(one.source), f"`{name}`")
             for name, words in retention.terms.items() for one in PARAMETERS if one.name == name))],
        ["## Generazioni delle chiavi principali", "", "Distrutta una generazione, i testi delle copie di riserva più "
         "vecchie non si aprono più.", "", *table(("In vigore", "Si distrugge", "Fonte"), generation)],
        ["## Senza una regola nel codice", "", *table(("Che cosa", "Quanto", "Chi lo decide o dove sta"), (
            (one.what, one.how_long, one.who) for one in retention.elsewhere))],
    )  # fmt: skip


def day(on: date) -> str:
    """A date as Italians write it."""
    return on.strftime("%d/%m/%Y")


# --- impact assessment ----------------------------------------------------------------------------------------------


def dpia(papers: Papers) -> str:
    """Skeleton of the data protection impact assessment (art. 35)."""
    one: Assessment = papers.assessment
    parts: list[Iterable[str]] = [
        ["Traccia per i titolari, che la completano e la approvano con il parere del responsabile della protezione "
         "dei dati (art. 35 GDPR)."],
        ["## Perché è dovuta", "", one.why.strip()],
        ["## Che cosa si tratta", "", "Scopi, persone, dati e destinatari: [registro.md](registro.md). Quanto si "
         "conserva: [conservazione.md](conservazione.md). Le minacce tecniche: [minacce.md](minacce.md)."],
        ["## Necessità e proporzione", "", *_list(f"**{each.question}.** {each.answer.strip()}"
                                                   for each in one.necessity)],
        ["## Rischi per le persone", "", "Probabilità × gravità, da 1 a 4 ("
         + ", ".join(f"{n} {word}" for n, word in LIKELY.items()) + "). Valori proposti " + CONFIRM + ".", "",
         *table(("Rischio", "Danno", "Prima", "Dopo", "Misure", "Che cosa resta"),
                ((each.what, each.harm, _risk(each.before), _risk(each.after),
                  ", ".join(f"`{m}`" for m in each.measures), each.note) for each in one.risks))],
        ["## Misure, e dove sono provate", "", *table(("Misura", "Che cosa", "Prove"), (
            (f"`{name}`", each.what, "<br>".join(f"`{test}`" for test in each.tests))
            for name, each in one.measures.items()))],
        ["## Regolamento sull'intelligenza artificiale", "", one.ai_act.strip()],
        ["## Ciò che resta dopo la cancellazione", "", "I fatti senza nome sono dati pseudonimi, non anonimi: chi "
         "conosce già la persona può riconoscerla. La decisione di tenerli è dei titolari."],
        ["## Aperto, da decidere", "", *_list(one.open)],
    ]  # fmt: skip
    return _page("Valutazione d'impatto: traccia", "`docs/privacy/dpia.yaml`", *parts)


def _risk(level: tuple[int, int]) -> str:
    return f"{level[0]} × {level[1]} = {level[0] * level[1]}"


# --- threats --------------------------------------------------------------------------------------------------------


def minacce(papers: Papers) -> str:
    """The threat model."""
    threats: Threats = papers.threats
    known = papers.assessment.measures
    lines: list[str] = []
    for element in threats.elements:
        rows = []
        for one in element.threats:
            proof = [test for name in one.measures for test in known[name].tests[:1]] + list(one.tests)
            answer = [f"`{name}`: {known[name].what}" for name in one.measures]
            rest = [f"**accettato**: {one.accepted}"] if one.accepted else []
            rest += [f"**aperto**: {one.open}"] if one.open else []
            rows.append((STRIDE[one.kind], one.what, "<br>".join(answer), "<br>".join(f"`{t}`" for t in proof),
                         "<br>".join(rest) or "–"))  # fmt: skip
        lines += [f"## {element.element}", "", *table(("Genere", "Minaccia", "Misure", "Una prova", "Resta"), rows), ""]
    return _page(
        "Modello delle minacce", "`docs/privacy/minacce.yaml` e `docs/privacy/dpia.yaml`",
        ["Elemento per elemento, secondo STRIDE. Di ogni misura è citata una prova; le altre sono in "
         "[dpia.md](dpia.md). I limiti della crittografia sono in [ADR 17](../adr/0017-vault.md)."],
        ["## Che cosa si dà per buono", "", *_list(threats.assumptions)],
        lines[:-1],
    )  # fmt: skip


# --- accessibility --------------------------------------------------------------------------------------------------


def accessibilita() -> str:
    """The model of the accessibility statement, from the words that the site's page shows."""
    said = accessibility.statement()
    return _page(
        "Dichiarazione di accessibilità: modello",
        "`shared/web/accessibility.json`, che è anche la pagina del sito `/accessibilita`",
        ["La dichiarazione vera si compila sul modello di AgID, a cura del responsabile per la transizione digitale "
         "dell'ente, e si rivede entro il 23 settembre di ogni anno; gli obiettivi entro il 31 marzo (L. 4/2004, "
         "art. 3-quater; D.L. 179/2012, art. 9) " + CONFIRM + "."],
        *(["## " + section.title, "", *([section.text] if section.text else []),
           *(["", *_list(section.items)] if section.items else [])] for section in said),
        ["## Da compilare", "", *_list(accessibility.to_fill())],
    )  # fmt: skip
