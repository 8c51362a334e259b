"""Small tables of a declared trade in which some importers and goods are risky."""

from pathlib import Path

import numpy as np
import pandas as pd

from riskml.datasets import Tables, write_table


def make_tables(size: int = 1500, seed: int = 0, days: int = 700) -> Tables:
    """Draw declarations of one line each, all inspected within days; 8 % are in violation."""
    rng = np.random.default_rng(seed)
    importer = rng.integers(0, 40, size)
    goods = rng.integers(0, 12, size)
    odds = -3.2 + 2.5 * (importer % 8 == 0) + 1.0 * (goods % 4 == 0)
    violation = rng.random(size) < 1 / (1 + np.exp(-odds))
    start = pd.Timestamp("2021-01-01", tz="UTC")
    lodged = start + pd.to_timedelta(np.sort(rng.random(size)) * days, "D")
    closed = lodged + pd.to_timedelta(rng.exponential(4, size), "D")
    ids = pd.Series([f"D{row:05d}" for row in range(size)], dtype="str")
    declarations = pd.DataFrame(
        {
            "declaration_id": ids,
            "line_no": np.ones(size, dtype=np.int64),
            "lodged_at": pd.Series(lodged).dt.as_unit("us"),
            "office": pd.Series(rng.choice(["HPH", "SGN"], size), dtype="str"),
            "mode": pd.Series(["sea"] * size, dtype="str"),
            "importer_id": pd.Series([f"I{number}" for number in importer], dtype="str"),
            "commodity_code": pd.Series([f"{1000 + number}" for number in goods], dtype="str"),
            "origin_country": pd.Series(rng.choice(["CN", "VN", "DE"], size), dtype="str"),
            "customs_value": rng.lognormal(8, 1, size).round(2),
            "net_mass_kg": rng.lognormal(6, 1, size).round(1),
        }
    )
    inspections = pd.DataFrame(
        {
            "inspection_id": "S" + ids,
            "declaration_id": ids,
            "office": declarations["office"],
            "channel": pd.Series(["mandatory"] * size, dtype="str"),
            "propensity": np.ones(size),
            "selected_at": declarations["lodged_at"],
            "result": pd.Series(np.where(violation, "violation", "no_violation"), dtype="str"),
            "revenue_recovered": np.where(violation, 1000.0, np.nan),
            "closed_at": pd.Series(closed).dt.as_unit("us"),
        }
    )
    return Tables(declarations=declarations, inspections=inspections)


def write_tables(tables: Tables, folder: Path) -> Path:
    """Write tables as a data folder."""
    for name in ("manifests", "declarations", "inspections"):
        table = tables.get(name)
        if table is not None:
            write_table(table, folder / f"{name}.parquet")
    return folder
