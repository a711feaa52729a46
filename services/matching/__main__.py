"""`python -m services.matching worker | replay | recover | republish | redrive | status`."""

from shared.cli import main

from services.matching.service import SERVICE

if __name__ == "__main__":
    main(SERVICE)
