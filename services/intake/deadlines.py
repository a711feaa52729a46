"""What time alone makes happen in intake: nothing yet. Overdue contacts and actions are queries of 'Oggi'."""

from shared.service import Deadline

DEADLINES: tuple[Deadline, ...] = ()
