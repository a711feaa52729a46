"""The containers' secrets, made once: `python -m deploy.make_secrets [FOLDER]` (.local/compose).

The same secrets.json goes into the Kubernetes Secrets (docs/adr/0007-containers.md).
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from deploy.local.home import secret_values


def make(folder: Path) -> None:
    """Writes what is missing, mode 600, and replaces nothing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret_values(folder / "secrets.json")
    password = folder / "postgres_password"
    if not password.exists():
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(32))


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else ".local/compose"))
