"""What time alone makes happen in reporting: nothing. A report is published when the table decides it."""

from __future__ import annotations

from shared.service import Deadline

DEADLINES: tuple[Deadline, ...] = ()
