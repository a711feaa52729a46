"""The scans of `make check` and `make audit` see what they are for: each with something planted."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection

from deploy import audit, secrets_scan

ROOT = Path(__file__).parents[2]
# Put together here, so that this file itself holds none.
PLANTED = {
    "aws.py": "KEY = '" + "AKIA" + "IOSFODNN7" + "EXAMPLZ" + "'\n",
    "pem.txt": "-----BEGIN RSA " + "PRIVATE KEY-----\n",
    "url.yaml": "url: postgresql://insieme:" + "Zw9kQ4vT" + "@db/insieme\n",
    "hex.py": "token = '" + sha256(b"planted").hexdigest() + "'\n",
}


def repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "clean.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text("*.secret\n")
    (folder / "mine.secret").write_text(PLANTED["pem.txt"])
    return folder


def test_a_planted_key_is_found_and_what_was_looked_at_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = repository(tmp_path)
    assert secrets_scan.main(["--update"], place) == 0
    assert secrets_scan.main([], place) == 0, "the control: nothing planted, nothing found; ignored files are not read"
    for name, text in PLANTED.items():
        (place / name).write_text(text)
    capsys.readouterr()
    assert secrets_scan.main([], place) == 1
    said = capsys.readouterr().out
    for name, text in PLANTED.items():
        assert f"{name}:1" in said, name
        assert text.strip() not in said, "a report that quotes the secret spreads it"
    assert secrets_scan.main(["--update"], place) == 0
    (place / "pem.txt").write_text("a line before\n" + PLANTED["pem.txt"])
    assert secrets_scan.main([], place) == 0, "what only moved is not new"
    (place / "other.txt").write_text(PLANTED["pem.txt"])
    assert secrets_scan.main([], place) == 1, "the same secret elsewhere is"


def test_the_baseline_names_files_that_are_there_and_was_looked_at() -> None:
    values = baseline.load_from_file(str(ROOT / secrets_scan.BASELINE))
    known = SecretsCollection.load_from_baseline(values)
    assert known.files <= set(secrets_scan.files(ROOT))
    assert all(one["is_secret"] is False for found in values["results"].values() for one in found)


WEAK = {
    "B602": "import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n",
    "B324": "import hashlib\nhashlib.md5(b'x').hexdigest()\n",
    "B301": "import pickle\npickle.loads(input().encode())\n",
    "B501": "import httpx\nhttpx.get('https://a.example', verify=False)\n",
    "B701": "from jinja2 import Environment\nEnvironment(autoescape=False)\n",
}


def test_bandit_finds_what_is_planted_under_the_configuration_of_the_project(tmp_path: Path) -> None:
    for code, text in WEAK.items():
        (tmp_path / f"{code}.py").write_text(text)
    (tmp_path / "fine.py").write_text("import hashlib\nassert hashlib.sha256(b'x').hexdigest()\n")
    command = [
        sys.executable,
        "-m",
        "bandit",
        "-q",
        "-c",
        str(ROOT / "pyproject.toml"),
        "-f",
        "json",
        "-r",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    found = {(Path(one["filename"]).stem, one["test_id"]) for one in json.loads(done.stdout)["results"]}
    assert done.returncode == 1
    assert {name for name, code in found if name == code} == set(WEAK)
    assert "fine" not in {name for name, _ in found}


def test_every_exception_for_bandit_names_its_rule_and_its_reason() -> None:
    for folder in ("services", "shared", "deploy", "docs", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for line in path.read_text().splitlines():
                if "# nosec" in line:
                    rule, _, reason = line.partition("# nosec ")[2].partition(" # ")
                    assert rule.strip().startswith("B"), (path, line)
                    assert len(reason) > 8, (path, line)


# Recorded from pip-audit 2.10 and npm 10, shortened.

PIP_FOUND: dict[str, Any] = {
    "dependencies": [
        {"name": "jinja2", "version": "2.4.1", "vulns": [
            {"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": ["CVE-2019-10906"], "description": "…"},
            {"id": "PYSEC-2014-8", "fix_versions": [], "aliases": [], "description": "…"},
        ]},
        {"name": "markupsafe", "version": "3.0.3", "vulns": []},
    ],
    "fixes": [],
}  # fmt: skip
PIP_AWAY: dict[str, Any] = {
    "dependencies": [
        {"name": n, "skip_reason": f"Dependency not found on PyPI and could not be audited: {n} (1.0)"}
        for n in ("jinja2", "markupsafe")
    ],
    "fixes": [],
}
NPM_FOUND: dict[str, Any] = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "lodash": {"name": "lodash", "severity": "high", "isDirect": True, "range": "<=4.17.20", "nodes": []},
    },
    "metadata": {"vulnerabilities": {"high": 1, "total": 1}},
}
NPM_NONE: dict[str, Any] = {"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {}}
NPM_AWAY: dict[str, Any] = {
    "message": "405 Method Not Allowed", "statusCode": 405, "error": {"summary": "", "detail": ""},
}  # fmt: skip


def test_what_the_auditors_find_is_listed_and_fails() -> None:
    pip = audit.pip_result("base.txt", json.dumps(PIP_FOUND), "", 2)
    assert pip.lines == [
        "base.txt: 2 found",
        "  jinja2 2.4.1: PYSEC-2019-217 (mended in 2.10.1)",
        "  jinja2 2.4.1: PYSEC-2014-8 (mended in no version)",
    ]
    npm = audit.npm_result("package-lock.json", json.dumps(NPM_FOUND), "", 1)
    assert npm.lines == ["package-lock.json: 1 found", "  lodash <=4.17.20: high"]
    assert [audit.exit_code([one]) for one in (pip, npm)] == [audit.FOUND] * 2


def test_nothing_found_is_nothing_only_where_everything_was_asked() -> None:
    clean = {"dependencies": [PIP_FOUND["dependencies"][1]]}
    pip = audit.pip_result("base.txt", json.dumps(clean), "", 1)
    npm = audit.npm_result("package-lock.json", json.dumps(NPM_NONE), "", 34)
    assert (pip.lines, npm.lines) == (["base.txt: 0 found"], ["package-lock.json: 0 found"])
    assert audit.exit_code([pip, npm]) == 0
    short = audit.pip_result("base.txt", json.dumps(clean), "", 3)
    assert (short.unaudited, audit.exit_code([short])) == (2, audit.NOT_AUDITED)


def test_no_answer_is_said_in_so_many_words_and_is_no_acquittal() -> None:
    pip = audit.pip_result("base.txt", json.dumps(PIP_AWAY), "", 2)
    assert pip.lines[1].startswith("base.txt: NOT AUDITED: 2 of 2 packages (Dependency not found")
    npm = audit.npm_result("package-lock.json", json.dumps(NPM_AWAY), "npm error", 34)
    assert npm.lines[1] == "package-lock.json: NOT AUDITED: 34 of 34 packages (405 Method Not Allowed)"
    silent = [
        result("x", output, "first\nlast words\n", 5)
        for result in (audit.pip_result, audit.npm_result)
        for output in ("", "[]", "<html>")
    ]
    assert {one.lines[1] for one in silent} == {"x: NOT AUDITED: 5 of 5 packages (last words)"}
    assert audit.exit_code([pip]) == audit.exit_code([npm]) == audit.exit_code(silent) == audit.NOT_AUDITED
    found = audit.pip_result("base.txt", json.dumps(PIP_FOUND), "", 2)
    assert audit.exit_code([npm, found]) == audit.FOUND, "what was found is not hidden by what was not asked"
