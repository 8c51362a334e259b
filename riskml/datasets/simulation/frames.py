"""From Arrow tables to frames in normal form."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

__all__ = ["to_frame"]


def to_frame(parts: Sequence[pa.Table]) -> pd.DataFrame:
    """Return tables one after the other as a frame.

    Text becomes ``str`` with missing values NaN, times ``datetime64[us, UTC]``, other numbers
    float64 or int64.
    """
    table = pa.concat_tables(parts)
    columns = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    frame: pd.DataFrame = pa.table(columns, names=table.column_names).to_pandas()
    return frame
