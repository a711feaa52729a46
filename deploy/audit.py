"""Known vulnerabilities of what we depend on: `make audit` (pip-audit, npm audit). Not part of `make test`.

Says what was found, and as plainly what could not be asked: not every registry answers such questions, and silence is
no acquittal. 1 where something was found, 3 where nothing was found but not everything was audited, else 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOUND, NOT_AUDITED = 1, 3
TIMEOUT = 300
"""Seconds that a registry has for all questions about one file."""


@dataclass(frozen=True)
class Audit:
    """What one file's audit gave: findings in words, and how many of how many packages were asked about."""

    name: str
    findings: tuple[str, ...]
    total: int
    unaudited: int
    why: str = ""

    @property
    def lines(self) -> list[str]:
        """As it is printed."""
        said = [f"{self.name}: {len(self.findings)} found", *(f"  {one}" for one in self.findings)]
        if self.unaudited:
            said.append(f"{self.name}: NOT AUDITED: {self.unaudited} of {self.total} packages ({self.why})")
        return said


def pip_result(name: str, output: str, errors: str, pinned: int) -> Audit:
    """What `pip-audit --format json` answered about `pinned` packages."""
    answer = _json(output)
    if "dependencies" not in answer:
        return Audit(name, (), pinned, pinned, _last(errors))
    packages = answer["dependencies"]
    findings = tuple(
        f"{one['name']} {one['version']}: {flaw['id']} (mended in {', '.join(flaw['fix_versions']) or 'no version'})"
        for one in packages
        for flaw in one.get("vulns", ())
    )
    skipped = [one["skip_reason"] for one in packages if "skip_reason" in one]
    # What the answer does not speak of was not audited either.
    unaudited = len(skipped) + max(0, pinned - len(packages))
    return Audit(name, findings, pinned, unaudited, skipped[0] if skipped else "not in the answer")


def npm_result(name: str, output: str, errors: str, pinned: int) -> Audit:
    """What `npm audit --json` answered about a lock file of `pinned` packages."""
    answer = _json(output)
    if "vulnerabilities" not in answer:
        return Audit(name, (), pinned, pinned, str(answer.get("message") or _last(errors)))
    flaws = answer["vulnerabilities"].values()
    return Audit(name, tuple(f"{one['name']} {one['range']}: {one['severity']}" for one in flaws), pinned, 0)


def _json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _last(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no answer")


def exit_code(audits: Iterable[Audit]) -> int:
    """What was found weighs more than what was not asked."""
    everything = list(audits)
    if any(one.findings for one in everything):
        return FOUND
    return NOT_AUDITED if any(one.unaudited for one in everything) else 0


def _run(command: Sequence[str]) -> tuple[str, str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT)
    except FileNotFoundError:
        return "", f"{command[0]} is not installed"
    except subprocess.TimeoutExpired:
        return "", f"no answer within {TIMEOUT} s"
    return done.stdout, done.stderr


def pip_audit(path: Path) -> Audit:
    """Over a file of pinned requirements; nothing is installed for it."""
    pinned = sum(1 for line in path.read_text().splitlines() if "==" in line and not line.lstrip().startswith("#"))
    output = _run([sys.executable, "-m", "pip_audit", "--requirement", str(path), "--no-deps", "--disable-pip",
                   "--format", "json", "--progress-spinner", "off"])  # fmt: skip
    return pip_result(str(path.relative_to(ROOT)), *output, pinned)


def npm_audit(path: Path) -> Audit:
    """Over the lock file."""
    pinned = sum(1 for name in json.loads(path.read_text())["packages"] if name)
    return npm_result(path.name, *_run(["npm", "audit", "--json", "--package-lock-only"]), pinned)


def main() -> int:
    """The command."""
    audits = [pip_audit(path) for path in sorted(ROOT.glob("requirements/*.txt"))]
    audits.append(npm_audit(ROOT / "package-lock.json"))
    for one in audits:
        print(*one.lines, sep="\n")
    return exit_code(audits)


if __name__ == "__main__":
    sys.exit(main())
