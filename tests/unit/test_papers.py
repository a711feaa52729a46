"""The papers of data protection name all that the code holds, and only tests that exist."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from docs import papers
from docs.papers import code, pages
from docs.papers.model import PRIVACY, Papers, Risk, Threat, read
from services.intake.domain.parameters import PARAMETERS
from services.intake.domain.retention import RULES
from shared.web import accessibility

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written() -> Papers:
    return read()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of as much of the source as the papers are held against."""
    for name in ("services", "tests", "shared/migrations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.html", "*.json"))
    return tmp_path


def test_nothing_personal_is_without_an_entry_and_no_entry_without_its_thing() -> None:
    assert papers.problems() == []


def test_every_named_test_exists_and_one_that_does_not_is_seen(written: Papers) -> None:
    vault = written.assessment.measures["vault"]
    gone = vault.model_copy(update={"tests": ("tests/unit/test_papers.py::test_of_nothing",)})
    assessment = written.assessment.model_copy(update={"measures": written.assessment.measures | {"vault": gone}})
    assert papers.problems(replace(written, assessment=assessment)) == [
        "there is no test `tests/unit/test_papers.py::test_of_nothing`"
    ]
    assert "tests/unit/test_papers.py::test_nothing_personal_is_without_an_entry_and_no_entry_without_its_thing" in (
        code.every_test(ROOT)
    )


def test_a_measure_that_nobody_wrote_and_one_that_serves_nothing_are_seen(written: Papers) -> None:
    known = dict(written.assessment.measures)
    known["idle"] = known.pop("vault")
    found = papers.problems(
        replace(written, assessment=written.assessment.model_copy(update={"measures": known}))
    )  # fmt: skip
    assert found == ["there is no measure `vault`", "no risk and no threat has the measure `idle`"]


def test_a_new_sealed_text_attribute_table_and_service_are_seen(tree: Path) -> None:
    assert papers.problems(root=tree) == []
    new = tree / "services" / "intake" / "commands" / "diary.py"
    new.write_text(
        "from services.intake.commands.rights import REASONS\nDIARY, OTHER = 'diary', 'x'\n"
        "async def act(unit, person_id):\n    await unit.vault.write(DIARY, person_id, {})\n"
        "    await unit.vault.write(REASONS, person_id, {})\n"
        "    await keep_profile(unit, person_id, {'shoe_size': 43} | taste())\n"
        "def taste():\n    return {'music': 'jazz'}\n"
    )
    (tree / "shared" / "migrations" / "versions" / "9999_diary.py").write_text('"""create table diaries (x int)"""')
    (tree / "services" / "housing").mkdir()
    (tree / "services" / "housing" / "service.py").write_text("async def f(vault): await vault.seal(1, 2, 3, 'lease')")
    assert papers.problems(root=tree) == [
        "service `housing` is in the code and has no entry",
        "sealed text of housing `lease` is in the code and has no entry",
        "sealed text of intake `diary` is in the code and has no entry",
        "attribute `music` is in the code and has no entry",
        "attribute `shoe_size` is in the code and has no entry",
        "table `diaries` is in the code and has no entry",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "await unit.vault.write(values.kind, person_id, {})",
        "await store.vault.seal(conn, pending, row, f'note-{n}', person_id, {})",
        "await keep_profile(unit, person_id, values.model_dump())",
        "unit.profile(person_id, values)",
    ],
)
def test_what_cannot_be_read_is_an_error_and_not_silence(tmp_path: Path, line: str) -> None:
    (tmp_path / "acts.py").write_text(f"async def act(unit, store, values, conn, pending, row, n):\n    {line}\n")
    with pytest.raises(code.Unreadable, match=r"acts\.py:2"):
        code.vault_kinds(tmp_path) | code.profile_attributes(tmp_path)


def test_an_entry_for_what_is_gone_is_seen(written: Papers) -> None:
    register = written.register
    more = register.model_copy(
        update={
            "topics": register.topics | {"rumours": register.topics["pathway"]},
            "machines": {},
            "profiles": register.profiles | {"music": "per gusto"},
        }
    )
    assert papers.problems(replace(written, register=more)) == [
        "attribute `music` has an entry and is not in the code",
        "topic `rumours` has an entry and is not in the code",
        "machine scope `insieme.region` is in the code and has no entry",
    ]


def test_a_term_in_days_is_either_a_period_or_said_to_be_none(written: Papers) -> None:
    shorter = written.retention.model_copy(update={"not_retention": written.retention.not_retention[1:]})
    gone = written.retention.not_retention[0]
    assert papers.problems(replace(written, retention=shorter)) == [f"term `{gone}` is in the code and has no entry"]
    kinds = {**written.register.kinds}
    kinds["training"] = {"course": kinds["training"]["course"].model_copy(update={"until": ("some_day",)})}
    register = written.register.model_copy(update={"kinds": kinds})
    assert papers.problems(replace(written, register=register)) == ["training, `course`: no period `some_day`"]


def test_a_threat_has_an_answer_and_no_measure_makes_a_risk_greater() -> None:
    with pytest.raises(ValidationError, match="neither measure nor test"):
        Threat(kind="S", what="somebody else")
    assert Threat(kind="S", what="somebody else", accepted="nobody can").accepted
    with pytest.raises(ValidationError, match="greater"):
        Risk(what="a", harm="b", before=(1, 2), after=(2, 2), measures=("vault",), note="c")


def test_the_retention_table_has_every_rule_with_its_source_and_marks_what_nobody_confirmed() -> None:
    table = pages.conservazione(read())
    for rule in RULES:
        line = next(line for line in table.splitlines() if line.endswith(f"| `{rule.code}` |"))
        assert pages.day(rule.valid_from) in line
        assert (pages.CONFIRM in line) == ("[own]" in rule.source)
    assert "[own]" not in table
    days = next(one for one in PARAMETERS if one.name == "contact_days").value
    assert f"| domanda inviata dal sito | {days} |" in table


def test_the_register_shows_kinds_roles_and_attributes(written: Papers) -> None:
    register = pages.registro(written)
    assert "| `assessment` | scheda di valutazione" in register
    assert "Operatore di sportello" in register
    assert all(f"| `{name}` |" in register for name in written.register.profiles)
    assert "anonim" not in register


def test_who_reads_an_attribute_is_found_and_who_does_not_is_not(tree: Path) -> None:
    assert code.profile_readers(ROOT, ["birth_year", "cefr"]) == {"birth_year": ["matching"], "cefr": []}
    (tree / "services" / "training" / "levels.py").write_text("level = profile['cefr']")
    assert code.profile_readers(tree, ["cefr"]) == {"cefr": ["training"]}


def test_the_site_and_the_document_say_the_same() -> None:
    document = pages.accessibilita()
    for section in accessibility.statement():
        assert section.text in document
        assert all(f"- {item}" in document for item in section.items)


def test_a_word_that_no_file_knows_is_an_error(tmp_path: Path) -> None:
    for path in PRIVACY.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    assert read(tmp_path) == read()
    with (tmp_path / "conservazione.yaml").open("a") as file:
        file.write("for_ever: []\n")
    with pytest.raises(ValidationError, match="for_ever"):
        read(tmp_path)
