"""Who saw whom, and who signed in: append only, and forgotten only by a function that keeps the last six months.

The service's role may add and read. Removing goes through `forget_access_log` and `forget_sign_ins`, which belong to
the migrator and take nothing younger than six months, whatever they are asked (for the sign-ins of system
administrators: Garante, provvedimento of 27 Nov 2008, point 4.5); a sign-in cannot be changed even by the owner of the
table.
"""

from alembic import context, op

revision = "0008"
down_revision = "0006"

ACCESS_LOG = """
alter table access_log add column role text not null default '', add column organisation text not null default '';
create index on access_log (at);
create index on access_log (account, at)
"""
SIGN_INS = """
create table sign_ins (
    entry_id uuid primary key,
    at timestamptz not null,
    event text not null check (event in ('in', 'out', 'failed')),
    account text not null,
    role text not null,
    organisation text not null,
    way text not null,
    reason text not null default '',
    address text not null
);
create index on sign_ins (at);
create index on sign_ins (account, at)
"""
FORGET = """
create function "{schema}".forget_{table}(before timestamptz) returns bigint
language sql security definer set search_path = "{schema}", pg_temp as $$
    with gone as (
        delete from {table} where at < least(before, now() - interval '6 months') returning 1
    )
    select count(*) from gone
$$
"""
KEPT = """
create function "{schema}".keep_sign_ins() returns trigger language plpgsql set search_path = "{schema}", pg_temp as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '6 months' then
        return old;
    end if;
    raise exception 'sign-ins are kept unaltered for six months';
end
$$
"""


def upgrade() -> None:
    """The columns and indexes of the access log everywhere; the sign-ins in the schema whose vault knows the people."""
    role = context.config.attributes["schema"]
    tables = ["access_log"]
    statements = ACCESS_LOG.split(";\n")
    if role.endswith("intake"):
        tables.append("sign_ins")
        statements += SIGN_INS.split(";\n")
    for statement in statements:
        op.execute(statement)
    for table in tables:
        op.execute(FORGET.format(schema=role, table=table))
        op.execute(f'revoke all on function "{role}".forget_{table}(timestamptz) from public')
        op.execute(f'grant execute on function "{role}".forget_{table}(timestamptz) to "{role}"')
    if role.endswith("intake"):
        op.execute(f'grant select, insert on sign_ins to "{role}"')
        op.execute(KEPT.format(schema=role))
        op.execute(
            "create trigger kept before update or delete on sign_ins for each row execute function keep_sign_ins()"
        )
        op.execute(
            "create trigger kept_whole before truncate on sign_ins for each statement execute function keep_sign_ins()"
        )
