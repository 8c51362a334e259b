"""Small tables in normal form, written as rows."""

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["DAY", "at", "declarations", "inspections", "manifests"]

DAY = pd.Timestamp("2020-01-01", tz="UTC")
_NUMBERS = ("customs_value", "net_mass_kg", "gross_mass_kg", "packages", "quantity", "propensity",
            "duty_rate", "duty_amount", "revenue_recovered", "severity")  # fmt: skip


def at(days: float) -> pd.Timestamp:
    """Return an instant some days after the start of 2020."""
    return DAY + pd.Timedelta(days=days)


def manifests(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return manifest rows."""
    frame = pd.DataFrame([{"office": "HP", "mode": "sea", **row} for row in rows])
    if "container_no_raw" not in frame:
        frame["container_no_raw"] = frame["container_no"]
    return _normal(frame.assign(invalid_container_no=False))


def declarations(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return declaration lines."""
    base = {"office": "HP", "mode": "sea", "bill_no": None, "container_no": None, "line_no": 1}
    frame = pd.DataFrame([{**base, **row} for row in rows])
    return _normal(frame.assign(invalid_container_no=False))


def inspections(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return inspection rows."""
    base = {
        "bill_no": None, "container_no": None, "declaration_id": None, "office": "HP",
        "closed_at": None, "scanned_at": None, "scan_finding": None, "result": None,
        "propensity": np.nan, "channel": None, "revenue_recovered": np.nan, "severity": np.nan,
    }  # fmt: skip
    return _normal(pd.DataFrame([{**base, **row} for row in rows]))


def _normal(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame:
        if str(name).endswith("_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True).dt.as_unit("us")
        elif name in _NUMBERS:
            frame[name] = frame[name].astype(np.float64)
        elif name not in ("line_no", "revision") and frame[name].dtype == object:
            frame[name] = frame[name].astype("str")
    return frame
