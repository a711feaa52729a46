"""The import contracts of pyproject.toml, each seen to catch what it forbids."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "matching", "training", "enterprise", "reporting")


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A tree of the same shape that keeps every rule, under the real contracts."""
    files = {
        "shared/__init__.py": "",
        "shared/store.py": "import asyncio",
        "shared/decisions.py": "",
        "shared/territory.py": "",
        "shared/events/__init__.py": "",
        "shared/events/intake.py": "from datetime import date\nimport pydantic",
        "services/__init__.py": "",
        "services/__main__.py": "from services import site, intake",
        "services/site.py": "from services.intake import api\nfrom services.matching import api",
        "services/simulate.py": "from services.intake import domain",
    }
    for service in SERVICES:
        files[f"services/{service}/__init__.py"] = ""
        files[f"services/{service}/api.py"] = "from shared import store\nfrom . import domain"
        files[f"services/{service}/domain.py"] = "import dataclasses\nfrom shared.events import intake"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "tests" / "architecture").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("allow_only.py"), tmp_path / "tests" / "architecture")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_tree_that_keeps_the_rules_passes(small_tree: Path) -> None:
    code, said = lint(small_tree)
    assert code == 0, said
    assert "5 kept, 0 broken" in said


FORBIDDEN = (
    ("services/intake/api.py", "from services.matching import api", "services.intake.api -> services.matching"),
    ("services/intake/api.py", "from services import site", "services.intake.api -> services.site"),
    ("services/training/api.py", "import services.simulate", "services.training.api -> services.simulate"),
    ("shared/store.py", "from services.intake import domain", "shared.store -> services.intake.domain"),
    ("services/intake/domain.py", "import random", "services.intake.domain may not import random"),
    ("services/matching/domain.py", "import pydantic", "services.matching.domain may not import pydantic"),
    ("services/training/domain.py", "from shared import store", "training.domain may not import shared.store"),
    ("services/enterprise/domain.py", "from services.enterprise import api", "may not import services.enterprise.api"),
    ("shared/events/intake.py", "import orjson", "shared.events.intake may not import orjson"),
    ("shared/events/intake.py", "from shared import store", "shared.events.intake may not import shared.store"),
)


def test_every_forbidden_import_is_caught(small_tree: Path) -> None:
    for file, line, _ in FORBIDDEN:
        with (small_tree / file).open("a") as module:
            module.write(line + "\n")
    code, said = lint(small_tree)
    assert code != 0
    assert [caught for _, _, caught in FORBIDDEN if caught not in said] == []


def test_a_guard_that_would_watch_nothing_is_an_error(small_tree: Path) -> None:
    for service in SERVICES:
        (small_tree / "services" / service / "domain.py").rename(small_tree / "services" / service / "rules.py")
        (small_tree / "services" / service / "api.py").write_text("from shared import store\n")
    (small_tree / "services" / "simulate.py").write_text("")
    code, said = lint(small_tree)
    assert code != 0
    assert "the guard would watch nothing" in said
