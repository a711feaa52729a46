"""Runs the migrations on the connection and in the schema that `shared.db` hands over."""

from alembic import context
from sqlalchemy import Connection, text

connection: Connection = context.config.attributes["connection"]
schema: str = context.config.attributes["schema"]
connection.execute(text(f'set search_path to "{schema}"'))
context.configure(connection=connection, version_table="alembic_version", version_table_schema=schema)
with context.begin_transaction():
    context.run_migrations()
connection.execute(text("reset search_path"))
