"""Reading a table behind an SQLAlchemy URL."""

import os
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError, NoSuchTableError, SQLAlchemyError

from riskml.datasets.mapping import SourceSpec
from riskml.errors import ConfigError, MissingColumnError, UnreadableFileError
from riskml.schemas.naming import nearest

__all__ = ["read_database"]


def read_database(
    spec: SourceSpec, folder: Path, needed: Collection[str] | None
) -> tuple[pd.DataFrame, str]:
    """Read a table or view.

    Parameters
    ----------
    spec : SourceSpec
        With ``url`` or ``url_env``, and ``table``.
    folder : Path
        Takes the place of ``{source}`` in the URL.
    needed : collection of str or None
        Columns to read; None reads all.

    Returns
    -------
    frame : DataFrame
        Typed as the database types it.
    name : str
        Name of the table, as the quarantine shows it.

    Raises
    ------
    ConfigError
        If the URL is not one, or its environment variable is not set.
    UnreadableFileError
        If the database cannot be reached or has no such table.
    MissingColumnError
        If the table lacks a needed column.
    """
    engine = _engine(spec, folder)
    schema, _, table_name = spec.table.rpartition(".")
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            table = sa.Table(
                table_name, sa.MetaData(), schema=schema or None, autoload_with=connection
            )
            _check_columns(spec.table, list(table.columns.keys()), needed)
            chosen = [c for c in table.columns if needed is None or c.name in needed]
            frame = pd.read_sql_query(sa.select(*chosen), connection)
    except NoSuchTableError as error:
        raise UnreadableFileError(
            f"{shown} has no table {spec.table}", "correct table in the mapping"
        ) from error
    except SQLAlchemyError as error:
        # The error's own text may repeat parameters; its class is enough to go on.
        raise UnreadableFileError(
            f"cannot read {spec.table} from {shown} ({type(error).__name__})",
            "check that the database is up and the user may read the table",
        ) from error
    finally:
        engine.dispose()
    return frame, spec.table


def _engine(spec: SourceSpec, folder: Path) -> sa.Engine:
    url = spec.url or os.environ.get(spec.url_env, "")
    if not url:
        raise ConfigError(
            f"the environment variable {spec.url_env} is not set",
            "put the SQLAlchemy URL of the database into it",
        )
    try:
        engine = sa.create_engine(url.replace("{source}", str(folder)))
    except (NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            "the mapping's url needs a database driver that is not installed",
            f"install it ({type(error).__name__}), or use another dialect",
        ) from error
    except SQLAlchemyError as error:
        raise ConfigError(
            "the mapping's url is no SQLAlchemy URL", "write for instance sqlite:///{source}/x.db"
        ) from error
    _check_exists(engine)
    return engine


def _check_exists(engine: sa.Engine) -> None:
    """Refuse an absent SQLite file: connecting would make an empty one."""
    database = engine.url.database
    if engine.url.get_backend_name() != "sqlite" or not database or database == ":memory:":
        return
    if not database.startswith("file:") and not Path(database).is_file():
        raise UnreadableFileError(f"there is no database {database}", "check the mapping's url")


def _check_columns(table: str, present: list[str], needed: Collection[str] | None) -> None:
    for name in sorted(needed or ()):
        if name not in present:
            raise MissingColumnError(
                f"table {table} has no column {name!r}{nearest(name, present)}",
                "the mapping reads it: correct the mapping or the view",
            )
