"""Settings for every test: demonstration mode, secrets of the session's own, a database found by fixtures."""

from __future__ import annotations

import atexit
import base64
import json
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from deploy.local.home import SECRET_NAMES
from shared import clock

_home = Path(tempfile.mkdtemp(prefix="insieme-test-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
# All test processes and `make up` share one download of Kafka: Maven's own store does not like two at once.
(_home / "kafka").mkdir()
(_home / "kafka" / "jars").symlink_to(Path(__file__).resolve().parents[1] / ".local" / "kafka" / "jars")
_secrets = _home / "secrets.json"
_secrets.write_text(json.dumps({name: base64.b64encode(os.urandom(32)).decode() for name in SECRET_NAMES}))
# Before anything imports shared.settings, which reads the environment once.
os.environ.update({"INSIEME_MODE": "demo", "INSIEME_HOME": str(_home), "INSIEME_SECRETS": str(_secrets)})
# It is noon when the tests begin, so that midnight does not come between two lines of one. The processes that share
# out the tests have the clock of the one that started them.
if "INSIEME_CLOCK_START" not in os.environ:
    _real = datetime.now(UTC)
    _noon = _real.astimezone(clock.ROME).replace(hour=12, minute=0, second=0, microsecond=0)
    os.environ.update({"INSIEME_CLOCK_START": _noon.isoformat(), "INSIEME_CLOCK_SINCE": _real.isoformat()})

pytest_plugins = ["tests.fixtures.parts", "tests.fixtures.platform", "tests.fixtures.elsewhere"]


class _Together(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """The tests of a file stay in one process, with its parts; and so do all that look at the whole platform in a
    browser, which takes a minute to start."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """How `pytest -n` shares out the tests."""
    return _Together(config, log)


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """Each test begins with nothing counted against its address: time stands still in many of them."""
    from shared.web import limits  # which reads shared.settings

    limits.COUNTERS.counted.clear()
