"""Whether a database is the one of the last good check, and what may not be done with another one.

A restored backup or a promoted replica may be behind the log: commands would reuse numbers that are out already, and
whoever was erased since is still in its vault. So until the worker has compared it with the log (`recover`) nothing is
recorded in it and no text of its vault is opened.
"""

from __future__ import annotations

CHECKED = (
    # This is the database of the last good check: its cluster, its timeline, and this very table (a restored
    # one has another oid).
    "exists (select 1 from health where events_oid = cast('events'::regclass::oid as bigint)"
    " and system_identifier = (select system_identifier::text from pg_control_system())"
    " and timeline = (select timeline_id from pg_control_checkpoint()))"
)


class DatabaseUnchecked(Exception):
    """This is not the database of the last good check (a restored backup, a promoted replica): the worker has to
    compare it with the log first (`recover`)."""
