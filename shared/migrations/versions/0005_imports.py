"""Imports, in intake alone: each file under way (encrypted, gone when done) and the report of its rows."""

from alembic import context, op

revision = "0005"
down_revision = "0004"

TABLES = """
create table imports (
    import_id uuid primary key,
    kind text not null check (kind in ('questionnaire', 'archive')),
    account text not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    stopped boolean not null default false,
    total int not null,
    done int not null default 0
);
create index on imports (started_at) where finished_at is null;
create table import_rows (
    import_id uuid not null references imports,
    line int not null,
    state text not null check (state in ('accepted', 'already', 'refused')),
    sentence text not null,
    person_id text,
    primary key (import_id, line)
)
"""


def upgrade() -> None:
    """The tables, in the schema whose pages import."""
    role = context.config.attributes["schema"]
    if not role.endswith("intake"):
        return
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(f'grant select, insert, update on imports to "{role}"')
    op.execute(f'grant select, insert on import_rows to "{role}"')
