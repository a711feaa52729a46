"""`python -m services.intake worker | replay | recover | republish | redrive | status`."""

from shared.cli import main

from services.intake.service import SERVICE

if __name__ == "__main__":
    main(SERVICE)
