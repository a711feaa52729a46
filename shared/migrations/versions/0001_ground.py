"""The ground of a service: facts, numbers, positions, the vault.

What the service's role may do is granted table by table: facts, refusals and the access log can be added and
read; counters, positions and the like also updated; only what must be erasable can be deleted.
"""

from alembic import context, op

from shared.events import PARTITIONS

revision = "0001"
down_revision = None

TABLES = """
create table events (
    event_id uuid primary key,
    stream_id text not null,
    version int not null check (version > 0),
    type text not null,
    type_version smallint not null,
    topic text not null,
    partition smallint not null,
    number bigint not null check (number > 0),
    predecessor uuid,
    recorded_at timestamptz not null,
    actor text not null,
    cause uuid not null,
    correlation uuid not null,
    causation uuid,
    hops smallint not null,
    traceparent text,
    data bytea not null,
    unique (stream_id, version),
    unique (topic, partition, number)
);
create index on events (causation) where causation is not null;

create table counters (
    topic text not null,
    partition smallint not null,
    number bigint not null default 0,
    last_id uuid,
    previous_id uuid,
    primary key (topic, partition)
);

create table relayed (
    topic text not null,
    partition smallint not null,
    log text not null,
    number bigint not null,
    event_id uuid,
    "offset" bigint not null,
    primary key (topic, partition)
);

create table positions (
    reader text not null,
    topic text not null,
    partition smallint not null,
    log text not null,
    next_offset bigint not null,
    numbers jsonb not null default '{}',
    primary key (reader, topic, partition)
);

create table parked (
    topic text not null,
    partition smallint not null,
    "offset" bigint not null,
    key text not null,
    event_id uuid,
    stage text not null check (stage in ('decode', 'reaction', 'behind')),
    reason text not null,
    parked_at timestamptz not null,
    redriven_at timestamptz,
    primary key (topic, partition, "offset")
);
create index on parked (key) where redriven_at is null;

create table requests (
    request_id uuid primary key,
    verb text not null check (verb in ('redrive', 'skip')),
    topic text,
    partition smallint,
    "offset" bigint,
    key text,
    requested_by text not null,
    requested_at timestamptz not null,
    done_at timestamptz
);

create table refusals (
    event_id uuid not null,
    reaction text not null,
    code text not null,
    at timestamptz not null,
    primary key (event_id, reaction)
);

create table health (
    one boolean primary key default true check (one),
    system_identifier text not null,
    timeline bigint not null,
    events_oid bigint not null,
    checked_at timestamptz not null
);

create table reader_state (
    one boolean primary key default true check (one),
    stopped_at timestamptz,
    "where" text,
    reason text
);

create table vault_keys (
    subject text primary key,
    generation smallint not null,
    wrapped bytea not null
);
create table vault_rows (
    row_id uuid not null,
    version int not null,
    kind text not null,
    subject text not null,
    sealed bytea not null,
    written_at timestamptz not null,
    primary key (row_id, version)
);
create index on vault_rows (subject, kind);
create table vault_index (
    purpose text not null,
    token bytea not null,
    subject text not null,
    primary key (purpose, token, subject)
);
create index on vault_index (subject);

create table profiles_out (
    person_id text primary key,
    version bigint not null,
    data jsonb,
    published bigint not null default 0
);
create index on profiles_out (person_id) where published < version;

create table access_log (
    at timestamptz not null,
    request_id uuid primary key,
    account text not null,
    action text not null,
    purpose text not null,
    subjects text[] not null,
    fields text[] not null
);
create index on access_log using gin (subjects);
"""

GRANTS = {
    "select, insert": ["events", "refusals", "access_log"],
    "select, insert, update": ["relayed", "positions", "parked", "requests", "health", "reader_state"],
    "select, update": ["counters"],
    "select, insert, update, delete": ["vault_keys", "vault_rows", "vault_index", "profiles_out"],
}


def upgrade() -> None:
    """Creates the tables, the counter rows and the grants."""
    role = context.config.attributes["schema"]
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for topic, partitions in PARTITIONS.items():
        op.execute(
            f"insert into counters (topic, partition) select '{topic}', n from generate_series(0, {partitions - 1}) n"
        )
    for rights, tables in GRANTS.items():
        op.execute(f'grant {rights} on {", ".join(tables)} to "{role}"')
