"""`python -m services.training worker | replay | recover | republish | redrive | status`."""

from __future__ import annotations

from services.training.service import SERVICE
from shared.cli import main

if __name__ == "__main__":
    main(SERVICE)
