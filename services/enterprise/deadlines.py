"""What time alone makes happen in enterprise: nothing yet (no term of the two committees is published)."""

from __future__ import annotations

from shared.service import Deadline

DEADLINES: tuple[Deadline, ...] = ()
