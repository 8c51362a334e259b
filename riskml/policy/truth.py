"""What an inspection of each arrival would find, and when: the laboratory's sealed envelope.

The truth file of a simulated world says who is in violation. What an inspection makes of it (what
the scan shows, whether the violation is found, how long it takes) is known for those whom the
legacy policy inspected; each other arrival borrows it from an inspected one of the same kind, so
that imperfect scanners, unopened clear images and the delays of verification are those of the
data. It is drawn once, by seed: two policies that pick the same find the same.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.datasets.consignments import Rollup, consignment_id, match_inspections
from riskml.datasets.tables import Tables, read_parquet
from riskml.errors import LabelError, MissingColumnError, UnreadableFileError

__all__ = ["HONEST", "envelope", "read_truth"]

IntArray = npt.NDArray[np.int64]

HONEST = ""
"""Kind of an arrival without a violation."""

FEW_DONORS = 20
"""A kind of violation with fewer inspected cases borrows from all violations."""

COLUMNS = (
    "bill_no", "container_no", "declaration_id", "probability", "violation", "violation_type",
    "revenue",
)  # fmt: skip


def read_truth(folder: Path) -> pd.DataFrame:
    """Read the truth file of a simulated world; nothing that trains a model may call this.

    Returns
    -------
    DataFrame
        Indexed by consignment: ``probability`` (before the coin), ``violation`` (0 or 1),
        ``kind`` (type of the violation, `HONEST` where there is none), ``worth`` (revenue at
        stake, reporting currency).

    Raises
    ------
    UnreadableFileError
        If the folder has none.
    MissingColumnError
        If a column is absent.
    """
    path = folder / "truth.parquet"
    if not path.exists():
        raise UnreadableFileError(
            f"{folder} has no truth.parquet",
            "a rehearsal needs a world whose truth is known: make one with riskml simulate",
        )
    rows = read_parquet(path)
    for name in COLUMNS:
        if name not in rows:
            raise MissingColumnError(f"{path} has no column {name!r}", "simulate the world again")
    keys = consignment_id(rows["bill_no"], rows["container_no"], rows["declaration_id"])
    return pd.DataFrame(
        {
            "probability": rows["probability"].to_numpy(np.float64),
            "violation": rows["violation"].to_numpy(np.int64),
            "kind": rows["violation_type"].astype("str").fillna(HONEST).to_numpy(),
            "worth": rows["revenue"].to_numpy(np.float64),
        },
        index=pd.Index(keys, name="key"),
    )


def envelope(rollup: Rollup, truth: pd.DataFrame, tables: Tables, seed: int) -> pd.DataFrame:
    """Return what is true of each consignment, and what inspecting it would bring.

    Parameters
    ----------
    rollup : Rollup
        Decisions of one stage, each of them in ``truth``.
    truth : DataFrame
        From `read_truth`.
    tables : Tables
        With the inspections of the legacy policy.
    seed : int
        Of the borrowing.

    Returns
    -------
    DataFrame
        In the order of the rollup: the columns of ``truth``, ``key``, ``legacy`` (whether the
        legacy policy inspected it), ``finds`` (0 or 1, what an inspection finds), ``revenue`` it
        recovers, ``suspicious`` (0 or 1, what the scan shows), ``delay`` and ``scan_delay``
        (timedelta since the decision; missing for what never comes).

    Raises
    ------
    LabelError
        If nobody was inspected, or no violation was: there is nothing to borrow.
    """
    keys = rollup.consignments["consignment_id"]
    own = truth.loc[keys].reset_index()
    done = _inspected(rollup, tables)
    legacy = np.zeros(len(own), dtype=bool)
    legacy[done["consignment"]] = True
    donor = _donors(own["kind"].to_numpy(object), done["consignment"].to_numpy(), seed)
    place = np.full(len(own), -1)
    place[done["consignment"]] = np.arange(len(done))
    lent = done.iloc[place[donor]].reset_index(drop=True)
    finds = own["violation"].to_numpy() * lent["finds"].to_numpy()
    return own.assign(
        legacy=legacy,
        finds=finds,
        revenue=np.round(own["worth"].to_numpy() * _share(done, own, donor, place) * finds, 2),
        suspicious=lent["suspicious"].to_numpy(),
        delay=lent["delay"].to_numpy(),
        scan_delay=lent["scan_delay"].to_numpy(),
    )


def _inspected(rollup: Rollup, tables: Tables) -> pd.DataFrame:
    """Return the first inspection of each inspected consignment, times since its decision."""
    inspections = tables.require("inspections")
    pairs = match_inspections(rollup, inspections, tables.declarations)
    pairs = pairs.drop_duplicates("consignment").reset_index(drop=True)
    rows = inspections.iloc[pairs["inspection"].to_numpy()].reset_index(drop=True)
    decided = rollup.consignments["decision_time"].iloc[pairs["consignment"].to_numpy()]
    decided = decided.reset_index(drop=True)
    return pd.DataFrame(
        {
            "consignment": pairs["consignment"],
            "finds": (rows["result"] == "violation").to_numpy(np.int64),
            "suspicious": (rows["scan_finding"] == "suspicious").to_numpy(np.int64),
            "revenue": rows["revenue_recovered"].fillna(0.0).to_numpy(np.float64),
            "delay": _not_negative(rows["closed_at"] - decided),
            "scan_delay": _not_negative(rows["scanned_at"] - decided),
        }
    )


def _not_negative(delay: pd.Series) -> pd.Series:
    """Count from the decision: an outcome that is known sooner is known with it."""
    zero = pd.Timedelta(0)
    return delay.where(delay.isna() | (delay >= zero), zero)


def _donors(kind: npt.NDArray[np.object_], inspected: IntArray, seed: int) -> IntArray:
    """Return whom each consignment borrows from, itself if it was inspected."""
    violations = inspected[kind[inspected] != HONEST]
    honest = inspected[kind[inspected] == HONEST]
    for name, found in (("honest consignment", honest), ("violation", violations)):
        if not len(found):
            raise LabelError(
                f"the legacy policy inspected no {name}, so nobody knows what that brings",
                "simulate more days or a larger scale",
            )
    rng = np.random.default_rng([seed, 0xDE1A])
    draws = rng.random(len(kind))
    donor = np.empty(len(kind), dtype=np.int64)
    for name in sorted(set(kind)):
        pool = honest if name == HONEST else inspected[kind[inspected] == name]
        if name != HONEST and len(pool) < FEW_DONORS:
            pool = violations
        rows = np.flatnonzero(kind == name)
        donor[rows] = pool[(draws[rows] * len(pool)).astype(np.int64)]
    donor[inspected] = inspected
    return donor


def _share(
    done: pd.DataFrame, own: pd.DataFrame, donor: IntArray, place: IntArray
) -> npt.NDArray[np.float64]:
    """Return the share of the revenue at stake that the donor's inspection recovered."""
    at_stake = own["worth"].to_numpy()[donor]
    recovered = done["revenue"].to_numpy()[place[donor]]
    share = np.zeros(len(donor))
    np.divide(recovered, at_stake, out=share, where=at_stake > 0)
    return share
