"""The long run: `make chaos`, or `python -m tests.chaos [--faults N] [--seed S]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.storm import storm


def main() -> None:
    """Runs the storm and prints what it showed; exits 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--set-backs", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="insieme-chaos-") as folder:
        report = asyncio.run(
            storm(
                Path(folder), arguments.faults, arguments.seed, arguments.clients, set_backs=arguments.set_backs,
                say=print,
            )
        )  # fmt: skip
    print(report)
    sys.exit(1 if report.verdict.problems else 0)


if __name__ == "__main__":
    main()
