"""A bounded storm: the long one is `make chaos`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.chaos.set_back import NEWER
from tests.chaos.storm import storm


@pytest.mark.chaos
@pytest.mark.kafka
@pytest.mark.slow
async def test_nothing_is_lost_in_a_storm() -> None:
    with tempfile.TemporaryDirectory(prefix="insieme-storm-") as folder:
        report = await storm(
            Path(folder), faults=5, seed=20240630, clients=3, services=("intake", "training", "reporting")
        )
    assert report.verdict.problems == [], str(report)
    assert set(report.kinds) == {"kill", "stop", "postgres", "kafka", "set-back"}, str(report)
    assert report.recovered[0] >= NEWER, str(report)
    assert report.commands > 20, str(report)
    assert report.verdict.facts > report.commands, "reactions decided too"
