"""Figures beside the limits measured in the same run."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from deploy.local.home import secret_values

# Before anything imports shared.settings, which reads the environment once: the pages are asked for by demonstration
# accounts, and nothing of a platform that stands here is used.
os.environ.setdefault("INSIEME_MODE", "demo")
if "INSIEME_SECRETS" not in os.environ:
    _home = Path(tempfile.mkdtemp(prefix="insieme-bench-secrets-"))
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
    secret_values(_home / "secrets.json")
    os.environ |= {"INSIEME_SECRETS": str(_home / "secrets.json"), "INSIEME_KEYS": str(_home / "keys")}
