"""The command line of the simulator."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from datetime import date, datetime

import uvloop

from services.simulate import plan
from services.simulate.play import StepRefused
from services.simulate.run import Busy, NotEmpty, simulate
from shared import clock
from shared.log import LogUnavailable
from shared.relay import Restored
from shared.settings import settings
from shared.territory import PROGRAMME_START
from shared.tuning import few_collections

SCENARIOS = {"h1-2024": plan.h1_2024}
SEED = 2024


class Bar:
    """How far it is: a bar on a terminal, a line every tenth elsewhere."""

    def __init__(self) -> None:
        self._tenth = -1
        self._terminal = sys.stdout.isatty()

    def __call__(self, day: date, share: float) -> None:
        """Shows the day and the share (0 to 1) that is done."""
        if self._terminal:
            print(f"\r[{'█' * int(share * 40):40}] {share:4.0%}  {day:%d/%m/%Y}", end="", flush=True)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(f"Simulazione: {share:.0%}, {day:%d/%m/%Y}", flush=True)

    def end(self) -> None:
        """Leaves the bar's line."""
        if self._terminal:
            print()


def main(argv: Sequence[str]) -> int:
    """Runs the simulator; the exit code is 0 also when everything was there already."""
    arguments = _parse(argv)
    if settings.mode != "demo":
        print("Una simulazione si carica solo in modalità dimostrativa (INSIEME_MODE=demo).", file=sys.stderr)
        return 2
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    if arguments.load:
        days = SCENARIOS[arguments.load](arguments.seed)
    else:
        days = plan.population(arguments.first, arguments.last, arguments.people, arguments.seed)
    few_collections()
    bar, began = Bar(), time.monotonic()
    try:
        steps = uvloop.run(simulate(days, settings, bar))
    except (NotEmpty, Busy) as reason:
        print(reason, file=sys.stderr)
        return 1
    except (StepRefused, LogUnavailable, Restored) as error:
        bar.end()
        print(f"Simulazione interrotta: {error}", file=sys.stderr)
        return 1
    bar.end()
    if steps:
        print(f"Simulazione completa: {steps} comandi in {time.monotonic() - began:.0f} s")
    else:
        print("La simulazione era già completa: non c'è nulla da aggiungere.")
    return 0


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m services simulate", description="Simula una popolazione attraverso i cinque servizi."
    )
    parser.add_argument("--load", choices=tuple(SCENARIOS), help="uno scenario con cifre note")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, help="primo giorno (AAAA-MM-GG)")
    parser.add_argument("--to", dest="last", type=date.fromisoformat, help="ultimo giorno")
    parser.add_argument("--people", type=int, help="quante persone si iscrivono")
    parser.add_argument("--seed", type=int, default=SEED, help=f"seme del caso ({SEED} se manca)")
    arguments = parser.parse_args(argv)
    if arguments.load:
        return arguments
    if arguments.first is None or arguments.last is None or arguments.people is None:
        parser.error("servono --load, oppure --from, --to e --people")
    if not PROGRAMME_START <= arguments.first < arguments.last <= datetime.now(clock.ROME).date():
        parser.error(f"i giorni vanno da {PROGRAMME_START:%d/%m/%Y} a oggi, il primo prima dell'ultimo")
    if not 1 <= arguments.people <= 20_000:
        parser.error("le persone vanno da 1 a 20000")
    return arguments
