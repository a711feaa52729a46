"""The papers of data protection and accessibility, generated where the code knows; see docs/privacy/*.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docs.papers import code, pages
from docs.papers.model import Papers, read
from services.intake.domain.retention import RULES


def written(papers: Papers | None = None) -> tuple[tuple[str, str], ...]:
    """Every generated paper: its path under docs/ and what it says."""
    papers = papers or read()
    return (
        ("privacy/registro.md", pages.registro(papers)), ("privacy/dpia.md", pages.dpia(papers)),
        ("privacy/conservazione.md", pages.conservazione(papers)), ("privacy/minacce.md", pages.minacce(papers)),
        ("accessibilita.md", pages.accessibilita()),
    )  # fmt: skip


def _differ(what: str, known: Iterable[str], said: Iterable[str]) -> list[str]:
    known, said = set(known), set(said)
    return [
        *(f"{what} `{one}` is in the code and has no entry" for one in sorted(known - said)),
        *(f"{what} `{one}` has an entry and is not in the code" for one in sorted(said - known)),
    ]


def problems(papers: Papers | None = None, root: Path = code.ROOT) -> list[str]:
    """What the papers leave out, or say of things that are not there. Raises code.Unreadable."""
    papers = papers or read()
    register, folders = papers.register, code.service_folders(root)
    found = _differ("service", folders, register.services)
    for name, folder in folders.items():
        found += _differ(f"sealed text of {name}", code.vault_kinds(folder), register.kinds.get(name, {}))
    found += _differ("service with sealed texts", set(register.kinds) & set(folders), register.kinds)
    found += _differ("attribute", code.profile_attributes(root / "services"), register.profiles)
    found += _differ("topic", code.topics(), register.topics)
    found += _differ("table", code.tables(root), register.tables)
    found += _differ("machine scope", code.machine_scopes(), register.machines)
    retention = papers.retention
    found += _differ("term", code.day_parameters(), [*retention.terms, *retention.not_retention])
    found += [f"`{one}` is both a period and none" for one in retention.not_retention if one in retention.terms]
    periods = {one.code for one in RULES} | set(retention.terms)
    for service, kinds in register.kinds.items():
        for kind, held in kinds.items():
            found += [f"{service}, `{kind}`: no period `{one}`" for one in held.until if one not in periods]
    return found + _untested(papers, code.every_test(root))


def _untested(papers: Papers, tests: set[str]) -> list[str]:
    known = papers.assessment.measures
    named = {test for one in known.values() for test in one.tests}
    used = {name for risk in papers.assessment.risks for name in risk.measures}
    for element in papers.threats.elements:
        for threat in element.threats:
            named |= set(threat.tests)
            used |= set(threat.measures)
    return [
        *(f"there is no test `{one}`" for one in sorted(named - tests)),
        *(f"there is no measure `{one}`" for one in sorted(used - set(known))),
        *(f"no risk and no threat has the measure `{one}`" for one in sorted(set(known) - used)),
    ]
