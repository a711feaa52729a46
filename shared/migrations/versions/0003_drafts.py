"""Drafts of forms, in intake alone: what somebody has typed and not yet sent. Encrypted, and gone in days."""

from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """The table, in the schema whose pages have drafts."""
    role = context.config.attributes["schema"]
    if not role.endswith("intake"):
        return
    op.execute(
        """
        create table drafts (
            account text not null,
            form text not null,
            subject text,
            token uuid not null,
            sealed bytea not null,
            saved_at timestamptz not null,
            primary key (account, form)
        )
        """
    )
    op.execute("create index on drafts (saved_at)")
    op.execute("create index on drafts (subject) where subject is not null")
    op.execute(f'grant select, insert, update, delete on drafts to "{role}"')
