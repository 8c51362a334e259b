import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from riskml.errors import LedgerError
from riskml.ledger import Ledger, tables
from riskml.ledger.migrations.versions import v0001_first, v0002_review
from tests.unit.ledger.support import file_of, score


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "riskml.ledger:migrations")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_the_code_expects_the_newest_migration() -> None:
    assert scripts().get_heads() == [tables.HEAD_REVISION]


def test_the_migrations_make_the_tables_that_the_code_sees(ledger: Ledger) -> None:
    def everywhere(_: object, name: str, *rest: object) -> bool:
        return name != "ix_events_prefix"  # for PostgreSQL alone; Alembic knows not of `ddl_if`

    opts = {"compare_type": True, "include_object": everywhere}
    with ledger.reading() as connection:
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, tables.metadata) == []
    kept = (*v0001_first.APPEND_ONLY, *v0002_review.APPEND_ONLY)
    assert set(kept) == set(tables.APPEND_ONLY)


@pytest.mark.slow
def test_opening_again_needs_neither_alembic_nor_pandas(url: str) -> None:
    Ledger.open(url).close()
    code = f"""
        import sys
        from riskml.ledger import Ledger
        Ledger.open({url!r}).close()
        print([name for name in ("alembic", "pandas", "cryptography") if name in sys.modules])
    """
    run = [sys.executable, "-c", textwrap.dedent(code)]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout == "[]\n"


def test_tables_of_a_newer_riskml_are_left_alone(ledger: Ledger, url: str) -> None:
    ledger.append_scores([score()], writer="w")
    with closing(sqlite3.connect(file_of(url), isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"newer riskml \(revision 9999\)"):
        Ledger.open(url)
    with closing(sqlite3.connect(file_of(url))) as connection:
        assert connection.execute("SELECT count(*) FROM scores").fetchone() == (1,)


def test_a_migration_that_fails_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError(
            "CREATE TRIGGER", {}, sqlite3.OperationalError("disk is full")
        )

    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.create_index", fail)
        with pytest.raises(LedgerError, match="disk under the ledger is full"):
            Ledger.open(url)
    with closing(sqlite3.connect(file_of(url))) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    Ledger.open(url).close()


def test_what_was_made_can_be_taken_back(ledger: Ledger) -> None:
    from alembic.operations import Operations

    with ledger.writing() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            v0002_review.downgrade()
            v0001_first.downgrade()
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]


def test_migrations_may_be_imported_without_running(tmp_path: Path) -> None:
    from riskml.ledger.migrations import env

    assert callable(env.migrate)
