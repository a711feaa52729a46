"""A backup knows whom somebody erased later: the restore erases them again before anybody is served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy import archive, archive_erasures, backup
from services.intake import service as intake_service
from services.intake.commands.erasure import KEPT
from shared import erasure
from shared.events.intake import PersonErased
from shared.recovery import recover
from shared.relay import Relay
from shared.store import DatabaseUnchecked, Store
from tests.chaos.verify import verify
from tests.fixtures.platform import Platform, Running, drop
from tests.integration import test_recovery
from tests.integration.test_backup import quietly, started
from tests.integration.test_erasure import closed, erased, left, registered
from tests.integration.test_erasure_duties import funded


async def names(store: Store, person: str, kind: str = "identity") -> Any:
    async with store.engine.connect() as conn:
        return (await store.vault.latest(conn, kind, [person])).get(person)


async def test_a_backup_from_before_does_not_bring_the_person_back(
    platform: Platform, targets: Any, tmp_path: Path
) -> None:
    running = await platform()
    amina = await registered(running)
    luca = await registered(running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03",
                            phone=None)  # fmt: skip
    await closed(running, amina)
    await running.quiet()
    file, newest = tmp_path / "insieme.backup", tmp_path / "cancellazioni"
    await backup.backup(file, running.settings, quietly)
    assert archive_erasures.read(archive_erasures.beside(file)) == []
    await erased(running, amina)
    assert await archive_erasures.write(newest, running.settings) == 1
    assert b"Haddad" not in newest.read_bytes()

    # The control: without the register the name is back.
    without = targets(running.settings, "embedded")
    await backup.restore(file, without, quietly)
    async with started(replace(without), running) as (restored, _):
        assert (await names(restored.stores["intake"], amina))["family_name"] == "Haddad"

    await drop(without)

    there = targets(running.settings, "embedded")
    with pytest.raises(archive.Refused, match="registro delle cancellazioni"):
        await backup.restore(file, there, quietly, erasures_file=file)
    await backup.restore(file, there, quietly, erasures_file=newest)
    async with started(replace(there), running) as (restored, log):
        assert await names(restored.stores["intake"], amina) is None, "before anybody was served"
        again = Running(there, log, restored.workers, running.now)
        await again.quiet()
        assert await left(again, amina) == {}
        assert (await names(restored.stores["intake"], luca))["family_name"] == "Bassi"
        assert isinstance((await restored.stores["intake"].history(amina))[-1].event, PersonErased)
        assert (await verify(log, restored.stores, {})).problems == []


async def test_a_database_set_back_behind_the_log_forgets_again(platform: Platform) -> None:
    running = await platform("intake")
    store = running.store("intake")
    amina = await registered(running)
    luca = await registered(running, given_name="Luca", family_name="Bassi", tax_code=None, birth_date="1990-02-03",
                            phone=None)  # fmt: skip
    for person in (amina, luca):
        await closed(running, person)
    await running.quiet()
    await test_recovery.backup(running)
    await erased(running, amina)
    with funded():
        await erased(running, luca)
    assert await names(store, luca, KEPT) is not None
    await test_recovery.restore(running)
    assert await recover(store, running.log) > 0
    with pytest.raises(DatabaseUnchecked):  # no page tells a name until the erasures were applied
        await names(store, amina)
    store.vault.recovering = True
    assert (await names(store, amina))["family_name"] == "Haddad", "the control: the facts alone do not forget"
    store.vault.recovering = False

    forget = intake_service.SERVICE.forget
    assert forget is not None
    found = [one.event for one in await erasure.of_the_log(running.log)]
    for first in (True, False):
        gone = await erasure.apply(store, forget, found)
        store.vault.recovering = False
        if first:
            await Relay(store, running.log).check()
        assert (gone > 1) is first
        assert await names(store, amina) is None
        assert await names(store, luca) is None
        kept = await names(store, luca, KEPT)
        assert kept["family_name"] == "Bassi"
        assert "phone" not in kept
