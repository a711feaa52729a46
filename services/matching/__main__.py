"""`python -m services.matching worker | replay | recover | republish | redrive | status`."""

from services.matching.service import SERVICE
from shared.cli import main

if __name__ == "__main__":
    main(SERVICE)
