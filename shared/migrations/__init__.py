"""Alembic: the durable tables, the same in every service's schema."""
