"""`python -m services.reporting worker | replay | recover | republish | redrive | skip | status`."""

from __future__ import annotations

from services.reporting.service import SERVICE
from shared.cli import main

if __name__ == "__main__":
    main(SERVICE)
