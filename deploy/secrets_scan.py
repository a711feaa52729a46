"""Looks for keys and passwords in the repository's files: `python -m deploy.secrets_scan`, in `make check`.

What was found before and looked at stands in `.secrets.baseline` (as a hash, with `is_secret: false`); anything else
that is found fails. `--update` takes in what is there now: look at each one before. Everything that git has or would
take is read, but for what programs write (PRODUCED), which is long and made of hashes.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ".secrets.baseline"
PRODUCED = (
    BASELINE, "requirements/", "package-lock.json", "docs/asyncapi.yaml", "docs/events.md", "tests/contracts/examples/",
    "tests/contracts/schemas/",
)  # fmt: skip


def files(root: Path = ROOT) -> list[str]:
    """What git has, and what it would take, but for what programs write."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted(name for name in set(listed) - {""} if not name.startswith(PRODUCED) and (root / name).is_file())


def found(root: Path, names: Sequence[str]) -> SecretsCollection:
    """What looks like a secret in these files. From their folder: the baseline is compared by the names as given, and
    must hold no path of anybody's machine."""
    with default_settings(), contextlib.chdir(root):
        seen = SecretsCollection()
        seen.scan_files(*names)
    return seen


def news(seen: SecretsCollection, known: SecretsCollection) -> list[str]:
    """What is not in the baseline: place and kind, never the secret. A line that only moved is not new."""
    places = [(name, one.line_number, one.type) for name, one in seen - known]
    return [f"{name}:{line}: {kind}" for name, line, kind in sorted(places)]


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """The command; 1 where something new was found."""
    seen, path = found(root, files(root)), root / BASELINE
    if "--update" in arguments:
        with default_settings():
            values = baseline.format_for_output(seen)
        for secrets in values["results"].values():
            for one in secrets:
                one["is_secret"] = False
        path.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
        print(f"secrets: {sum(map(len, values['results'].values()))} findings are in {BASELINE}: look at each")
        return 0
    known = SecretsCollection.load_from_baseline(baseline.load_from_file(str(path)))
    new = news(seen, known)
    for place in new:
        print(f"secrets: {place}")
    if new:
        print("secrets: take these out, and change what was exposed; what is harmless goes in by --update")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
