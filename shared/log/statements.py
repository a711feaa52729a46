"""The statements of the embedded log. `{schema}` is put in by embedded.py: a name cannot be a parameter."""

CREATE = """
create schema if not exists "{schema}";
create table "{schema}".log_topics (
    name text primary key,
    topic_id uuid not null unique default gen_random_uuid(),
    partitions int not null,
    compacted boolean not null,
    retention_ms bigint not null
);
create table "{schema}".log_partitions (
    topic_id uuid not null references "{schema}".log_topics (topic_id) on delete cascade,
    partition int not null,
    first_offset bigint not null default 0,
    next_offset bigint not null default 0,
    primary key (topic_id, partition)
) with (fillfactor = 50);
-- No foreign key: it would be checked for every record. Records of a topic that is gone go with clean().
create table "{schema}".log_records (
    topic_id uuid not null,
    partition int not null,
    "offset" bigint not null,
    timestamp_ms bigint not null,
    key bytea,
    value bytea,
    headers bytea not null,
    primary key (topic_id, partition, "offset")
);
create table "{schema}".log_hints (
    group_name text not null,
    topic_id uuid not null references "{schema}".log_topics (topic_id) on delete cascade,
    partition int not null,
    next_offset bigint not null,
    primary key (group_name, topic_id, partition)
)"""

INSERT_TOPIC = """
with t as (
    insert into "{schema}".log_topics (name, partitions, compacted, retention_ms)
    values (:name, :partitions, :compacted, :retention_ms) returning topic_id, partitions
)
insert into "{schema}".log_partitions (topic_id, partition)
select topic_id, generate_series(0, partitions - 1) from t"""

# One statement is one round trip and one transaction.
APPEND = """
with place as (
    update "{schema}".log_partitions p set next_offset = p.next_offset + :count
    from "{schema}".log_topics t
    where t.name = :topic and p.topic_id = t.topic_id and p.partition = :partition
      and (not t.compacted or cast(:keyed as boolean))
    returning p.topic_id, p.partition, p.next_offset - :count as first
), written as (
    insert into "{schema}".log_records (topic_id, partition, "offset", timestamp_ms, key, value, headers)
    select p.topic_id, p.partition, p.first + m.place - 1, m.timestamp_ms, m.key, m.value, m.headers
    from place p, unnest(
        cast(:timestamps as bigint[]), cast(:keys as bytea[]), cast(:values as bytea[]),
        cast(:headers as bytea[])
    ) with ordinality as m (timestamp_ms, key, value, headers, place)
)
select first from place"""

BOUNDS = """
select t.name, p.partition, t.topic_id, p.first_offset, p.next_offset
from "{schema}".log_topics t join "{schema}".log_partitions p using (topic_id) where t.name = any(:topics)"""

READ = """
select w.place, r."offset", r.key, r.value, r.headers, r.timestamp_ms
from unnest(cast(:ids as uuid[]), cast(:partitions as int[]), cast(:starts as bigint[]))
     with ordinality as w (topic_id, partition, start, place)
cross join lateral (
    select * from "{schema}".log_records r
    where r.topic_id = w.topic_id and r.partition = w.partition and r."offset" >= w.start
    order by r."offset" limit :quota
) r
order by w.place, r."offset" """

HINT = """
insert into "{schema}".log_hints (group_name, topic_id, partition, next_offset)
select :group, t.topic_id, w.partition, w.position
from unnest(cast(:topics as text[]), cast(:partitions as int[]), cast(:positions as bigint[]))
     as w (topic, partition, position)
join "{schema}".log_topics t on t.name = w.topic
on conflict (group_name, topic_id, partition) do update set next_offset = excluded.next_offset"""

COMPACT = """
delete from "{schema}".log_records r
using "{schema}".log_topics t, (
    select topic_id, partition, key, max("offset") as latest from "{schema}".log_records
    where topic_id in (select topic_id from "{schema}".log_topics where compacted)
    group by topic_id, partition, key
) k
where t.topic_id = r.topic_id and t.compacted
  and k.topic_id = r.topic_id and k.partition = r.partition and k.key = r.key
  and (r."offset" < k.latest or (r.value is null and r.timestamp_ms < :tombstones_before))"""

EXPIRE = """
update "{schema}".log_partitions p set first_offset = greatest(p.first_offset, coalesce(
    (select min(r."offset") from "{schema}".log_records r where r.topic_id = p.topic_id
       and r.partition = p.partition and r.timestamp_ms >= :now_ms - t.retention_ms), p.next_offset))
from "{schema}".log_topics t where t.topic_id = p.topic_id and t.retention_ms >= 0 and not t.compacted"""

SWEEP = """
delete from "{schema}".log_records r using "{schema}".log_partitions p
where p.topic_id = r.topic_id and p.partition = r.partition and r."offset" < p.first_offset"""

ORPHANS = """
delete from "{schema}".log_records
where topic_id = any(array(select distinct topic_id from "{schema}".log_records
                           except select topic_id from "{schema}".log_topics))"""

CLUSTER = """
select (select system_identifier from pg_control_system())::text
       || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"""
