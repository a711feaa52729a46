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
    (folder / "keys").mkdir(mode=0o700, exist_ok=True)
    secret_values(folder / "secrets.json")
    _once(folder / "postgres_password", secrets.token_urlsafe(32))
    names = ("INSIEME_CLIENT_SECRET", "REGION_CLIENT_SECRET", "KEYCLOAK_ADMIN_PASSWORD")
    _once(folder / "keycloak.env", "".join(f"{name}={secrets.token_urlsafe(32)}\n" for name in names))


def _once(path: Path, content: str) -> None:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(content)


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else ".local/compose"))
