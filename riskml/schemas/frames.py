"""The pandera schemas of the three tables, built from the vocabulary.

Pandera takes a while to load, and who scores consignments validates no table: it is loaded with
the first schema.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskml.schemas.columns import INTEGER_COLUMNS, Column
from riskml.schemas.naming import flag_name
from riskml.schemas.reading import TIME_DTYPE
from riskml.schemas.rules import column_rules, row_rules
from riskml.schemas.vocabulary import table_schema

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["broken_rules", "frame_schema"]


@lru_cache(maxsize=8)
def frame_schema(table: str) -> "pa.DataFrameSchema":
    """Return the pandera schema of a table in normal form.

    Parameters
    ----------
    table : str
        ``manifests``, ``declarations`` or ``inspections``.

    Notes
    -----
    Not strict: ``x_*`` columns pass. Duplicates are not in here, because which row of a pair is
    the duplicate depends on what else is wrong with them (see ``riskml.schemas.validation``).
    """
    import pandera.pandas as pa

    schema = table_schema(table)
    columns = {column.name: _pandera_column(column) for column in schema.columns}
    for column in schema.coded:
        columns[flag_name(column.name)] = pa.Column(bool, required=False)
    checks = [pa.Check(holds, name=rule, error=column) for rule, column, holds in row_rules(schema)]
    return pa.DataFrameSchema(columns, checks=checks, strict=False, name=table)


def broken_rules(frame: pd.DataFrame, table: str) -> list[tuple[str, str, np.ndarray]]:
    """Check a whole frame and return, for each broken rule, the positions of the rows.

    Parameters
    ----------
    frame : DataFrame
        Rows in normal form with an index that counts from 0.

    Returns
    -------
    list of (rule, column, positions)
        ``positions`` is int64, ascending.
    """
    import pandera.pandas as pa

    try:
        frame_schema(table).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as failures:
        return [_broken(failure) for failure in failures.schema_errors]
    return []


def _broken(failure: Any) -> tuple[str, str, np.ndarray]:
    reason = failure.reason_code.name
    if reason == "SERIES_CONTAINS_NULLS":
        positions = failure.failure_cases["index"].to_numpy(dtype=np.int64)
        return "missing_value", failure.schema.name, np.sort(positions)
    if reason != "DATAFRAME_CHECK" or failure.check_output is None:
        # Not a matter of rows: the reader of this package has broken the normal form.
        raise failure
    holds = failure.check_output
    positions = holds.index[~holds.astype(bool)].to_numpy(dtype=np.int64)
    check = failure.check
    return check.name, check.error or failure.schema.name, positions


def _pandera_column(column: Column) -> "pa.Column":
    import pandera.pandas as pa

    checks = [pa.Check(holds, name=rule) for rule, holds in column_rules(column).items()]
    return pa.Column(
        _dtype(column),
        checks=checks,
        nullable=column.is_coded or not column.required,
        required=column.required,
    )


def _dtype(column: Column) -> Any:
    if column.name in INTEGER_COLUMNS:
        return None  # int64 once the bad rows are out; float64 while some may be missing
    if column.is_number:
        return "float64"
    return TIME_DTYPE if column.kind == "time" else "str"
