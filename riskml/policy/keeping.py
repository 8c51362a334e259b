"""What a rehearsal leaves behind: its frames, its figures, its picture."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from riskml.datasets.tables import write_table
from riskml.errors import DataError
from riskml.files import whole_file
from riskml.policy.picture import picture_bytes
from riskml.policy.running import Outcome
from riskml.policy.summary import regret

__all__ = ["keep"]


def _regrets(daily: pd.DataFrame) -> pd.DataFrame:
    """Return each world's regret, one row per day and policy."""
    parts = []
    for world, own in daily.groupby("world"):
        long = regret(own).reset_index().melt(id_vars="date", value_name="regret")
        parts.append(long.assign(world=world))
    return pd.concat(parts, ignore_index=True)


def keep(
    folder: Path, outcome: Outcome, report: dict[str, Any], shift: date | None = None
) -> list[Path]:
    """Write what came out of rehearsals into a folder, each file whole or not at all.

    ``daily.parquet`` (one row per day and policy, with the running ``regret`` against the oracle if
    that was rehearsed), ``total.parquet`` (what there was to find), ``summary.json`` and
    ``picture.png``.

    Raises
    ------
    DataError
        If one cannot be written.
    """
    daily = outcome.daily
    if "oracle" in set(daily["policy"]):
        daily = daily.merge(_regrets(daily), on=["world", "date", "policy"], how="left")
    frames = {"daily.parquet": daily, "total.parquet": outcome.total}
    for name, frame in frames.items():
        write_table(frame.assign(date=pd.to_datetime(frame["date"])), folder / name)
    summary = f"{json.dumps(report, ensure_ascii=False, indent=1)}\n".encode()
    contents = {"summary.json": summary, "picture.png": picture_bytes(outcome.daily, shift)}
    for name, content in contents.items():
        try:
            with whole_file(folder / name, private=False) as file:
                file.write(content)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(
                f"cannot write {folder / name} ({reason})", "check the folder and its disk"
            ) from error
    return [folder / name for name in (*frames, *contents)]
