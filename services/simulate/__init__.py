"""The simulator: a population played through the decisions and reactions of all five services.

`python -m services simulate --from DATE --to DATE --people N --seed S`, or `--load h1-2024`: the scenario whose
first half of 2024 shows the published figures. It never writes a fact itself: a pure plan says who commands what
on which day, and the services decide.
"""

from services.simulate.cli import main

__all__ = ["main"]
