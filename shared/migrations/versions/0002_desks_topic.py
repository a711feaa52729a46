"""The topic `desks` on a platform that already runs: its counter rows, which 0001 makes on a new one."""

from alembic import op

revision = "0002"
down_revision = "0001"

PARTITIONS = 3


def upgrade() -> None:
    """Adds the rows that are missing."""
    op.execute(
        f"insert into counters (topic, partition) select 'desks', n from generate_series(0, {PARTITIONS - 1}) n"
        " on conflict do nothing"
    )
