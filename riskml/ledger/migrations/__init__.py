"""Alembic migrations of the ledger; each is written once and never changed."""
