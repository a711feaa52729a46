"""Settings for every test: demonstration mode, secrets of the session's own, a database found by fixtures."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path

_home = Path(tempfile.mkdtemp(prefix="insieme-test-"))
_secrets = _home / "secrets.json"
_secrets.write_text(
    json.dumps(
        {
            name: base64.b64encode(os.urandom(32)).decode()
            for name in ("signing_key", "master_key", "database_password", "index_key")
        }
    )
)
# Before anything imports shared.settings, which reads the environment once.
os.environ.update({"INSIEME_MODE": "demo", "INSIEME_HOME": str(_home), "INSIEME_SECRETS": str(_secrets)})

pytest_plugins = ["tests.fixtures.parts", "tests.fixtures.platform"]
