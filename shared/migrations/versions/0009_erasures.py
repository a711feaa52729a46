"""Erasures are found at once among millions of facts, in intake alone: each backup writes their register."""

from alembic import context, op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """A partial index, in the schema whose facts they are."""
    role = context.config.attributes["schema"]
    if not role.endswith("intake"):
        return
    op.execute("create index events_erased on events (recorded_at) where type = 'intake.person-erased'")
