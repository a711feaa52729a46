"""`python -m services.simulate`, the same as `python -m services simulate`."""

import sys

from services.simulate.cli import main

sys.exit(main(sys.argv[1:]))
