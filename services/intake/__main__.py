"""`python -m services.intake worker | replay | recover | republish | redrive | status`."""

from services.intake.service import SERVICE
from shared.cli import main

if __name__ == "__main__":
    main(SERVICE)
