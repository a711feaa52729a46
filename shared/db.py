"""PostgreSQL: one schema and one role per service, durable tables by Alembic.

The schema `<service>` belongs to the migrator, and the service's role may only do in it what it needs: facts
can be added and read, never changed or dropped. The schema `<service>_views` belongs to the service, which
builds and drops its read models there. No role reads another service's schemas.

`python -m shared.db migrate [--service X]` brings everything to the newest version; it can be repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.events import SERVICES
from shared.settings import Settings, settings

SOON = "with soon as materialized (select set_config('synchronous_commit', 'off', true))"
"""A statement that begins so and selects from `soon` does not let its transaction wait for the disk: for what is read
from the log again where a crash of PostgreSQL forgets it."""


def schema_name(service: str, current: Settings = settings) -> str:
    """The schema of the service's facts."""
    return f"{current.namespace}{service}"


def views_schema(service: str, current: Settings = settings) -> str:
    """The schema of the service's read models."""
    return f"{current.namespace}{service}_views"


def role_password(role: str, current: Settings = settings) -> str:
    """The password of a service's role, derived so that there is one secret to keep and to rotate."""
    return hmac.new(current.secret("database_password"), f"role:{role}".encode(), hashlib.sha256).hexdigest()


def service_engine(service: str, current: Settings = settings, pool_size: int = 8) -> AsyncEngine:
    """The engine of a service, signed in as its own role, whose search path is its two schemas.

    `DATABASE_URL_<SERVICE>` overrides the address (a service may have a database server of its own).
    """
    role = schema_name(service, current)
    own = os.environ.get(f"DATABASE_URL_{service.upper()}")
    url = make_url(own or current.database_url)
    if not own:
        url = url.set(username=role, password=role_password(role, current))
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_timeout=5,
        hide_parameters=True,  # an error's own text would quote them, and who writes it down cannot know
        connect_args={
            "server_settings": {
                "search_path": f"{role},{views_schema(service, current)}",
                "application_name": f"insieme-{service}",
                "timezone": "UTC",
                "jit": "off",
                # Disks without a head: at the default of 4 a whole table is read where an index finds the few rows.
                "random_page_cost": "1.1",
                "idle_in_transaction_session_timeout": "60000",
            },
            "timeout": 5,
            "command_timeout": 60,
        },
    )


def admin_engine(current: Settings = settings) -> AsyncEngine:
    """The migrator's engine."""
    return create_async_engine(current.database_url, pool_size=1, hide_parameters=True, connect_args={"timeout": 10})


async def migrate(services: Sequence[str] = SERVICES, current: Settings = settings) -> None:
    """Creates roles and schemas where they are missing and upgrades the tables."""
    engine = admin_engine(current)
    try:
        async with engine.connect() as conn:
            # One migrator at a time: two pods that start together would race for the same role.
            await conn.execute(text("select pg_advisory_lock(hashtext('insieme-migrate'))"))
            await conn.commit()
            for service in services:
                role = schema_name(service, current)
                await _role_and_schemas(conn, role, views_schema(service, current), current)
                await conn.commit()
                await conn.run_sync(_upgrade, role)
                await conn.commit()
            await conn.execute(text("select pg_advisory_unlock(hashtext('insieme-migrate'))"))
            await conn.commit()
    finally:
        await engine.dispose()


async def _role_and_schemas(conn: AsyncConnection, role: str, views: str, current: Settings) -> None:
    exists = await conn.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role})
    password = role_password(role, current)
    verb = "alter" if exists else "create"
    # A role's name and password cannot be bound parameters: both are ours and hold no quote.
    await conn.execute(text(f"{verb} role \"{role}\" login password '{password}'"))
    await conn.execute(text(f'create schema if not exists "{role}"'))
    for schema in (views, f"{views}_asof"):
        await conn.execute(text(f'create schema if not exists "{schema}" authorization "{role}"'))
    await conn.execute(text(f'grant usage on schema "{role}" to "{role}"'))
    # `create` for everybody on schema public would let a role leave tables behind.
    await conn.execute(text(f'revoke all on schema public from "{role}"'))


def _upgrade(connection: Connection, schema: str) -> None:
    # Here, because the migrator alone needs it: every other process would take a tenth longer to start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, "head")


def main() -> None:
    """The command line: `python -m shared.db migrate [--service X]`."""
    parser = argparse.ArgumentParser(prog="python -m shared.db", description="Le tabelle della piattaforma.")
    parser.add_argument("verb", choices=["migrate"])
    parser.add_argument("--service", choices=SERVICES, action="append", help="solo questo servizio")
    arguments = parser.parse_args()
    asyncio.run(migrate(arguments.service or SERVICES))


if __name__ == "__main__":
    main()
