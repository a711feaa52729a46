"""What the Region says about other measures, in intake alone: kept for a finite time, found by keyed hashes."""

from alembic import context, op

revision = "0006"
down_revision = "0005"

TABLES = """
create table region_measures (
    token bytea not null,
    measure text not null,
    since date not null,
    until date,
    said_on date not null,
    withdrawn boolean not null,
    taken_at timestamptz not null,
    told text[] not null default '{}',
    primary key (token, measure, since)
);
create table region_indexed (
    subject text primary key,
    versions int not null
)
"""


def upgrade() -> None:
    """The tables, in the schema that ties them to people."""
    role = context.config.attributes["schema"]
    if not role.endswith("intake"):
        return
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(f'grant select, insert, update, delete on region_measures, region_indexed to "{role}"')
