"""A few hundred random rows with everything that makes history hard."""

import numpy as np
import pandas as pd

from riskml.datasets import Tables
from tests.support.rows import at, declarations, inspections, manifests

__all__ = ["small_world"]


def small_world(seed: int, bills: int = 60) -> Tables:
    """Return random tables: shared parties, ties, groupage, late records, revisions, gaps."""
    rng = np.random.default_rng(seed)
    ships, lines, looked = [], [], []
    for bill in range(bills):
        day = float(rng.integers(0, 400)) / 4  # quarters of days: ties are common
        ship = _manifest(rng, bill, day)
        ships += ship
        lines += _declaration(rng, bill, day, ship)
        looked += _inspection(rng, bill, day, ship)
    more = np.random.default_rng((seed, 1))
    for row in ships:
        row.update(_more_of_manifest(more, row))
    for row in lines:
        row.update(_more_of_line(more, row))
    return Tables(
        manifests=manifests(*ships),
        declarations=declarations(*lines),
        inspections=inspections(*looked),
    )


def _more_of_manifest(rng: np.random.Generator, row: dict) -> dict:
    """Return the columns that no key of the first ones depends on."""
    return {
        "commodity_code": _spread(row["commodity_code"]),
        "notify_id": _pick(rng, "P", 6),
        "cargo_type": _pick(rng, "FCL", 1, 0.5),
        "container_type": str(rng.choice(["22G1", "45R1", "22K1", "?"])),
        "transshipment_port": _pick(rng, "SGSI", 3, 0.6),
        "voyage": _pick(rng, "V", 5),
        "arrival_at": row["submitted_at"] + pd.Timedelta(days=int(rng.integers(1, 9))),
    }


def _more_of_line(rng: np.random.Generator, row: dict) -> dict:
    return {
        "commodity_code": _spread(row["commodity_code"]),
        "procedure": _pick(rng, "A1", 3),
        "lane": _pick(rng, "lane ", 3),
        "preference_code": _pick(rng, "F", 3, 0.5),
        "payment_type": _pick(rng, "PAY", 2),
        "quantity": float(rng.integers(1, 900)),
        "quantity_unit": _pick(rng, "U", 2),
        "duty_amount": float(rng.integers(0, 900)) if rng.random() < 0.5 else np.nan,
    }


def _spread(code: str | None) -> str | None:
    """Spread codes over headings of three chapters."""
    return None if code is None else f"{('8471', '8517', '0302')[int(code[-1]) % 3]}3{code[-1]}"


def _pick(rng: np.random.Generator, prefix: str, size: int, missing: float = 0.1):
    return None if rng.random() < missing else f"{prefix}{rng.integers(size)}"


def _late(rng: np.random.Generator, day: float) -> pd.Timestamp:
    return at(day + (float(rng.integers(1, 40)) if rng.random() < 0.2 else 0.0))


def _manifest(rng: np.random.Generator, bill: int, day: float) -> list[dict]:
    rows = []
    for _ in range(int(rng.integers(1, 3))):
        row = {
            "bill_no": f"B{bill}",
            "container_no": f"C{rng.integers(30)}",
            "submitted_at": at(day),
            "arrival_at": at(day + 5),
            "recorded_at": _late(rng, day),
            "revision": 0,
            "office": f"O{rng.integers(3)}",
            "consignee_id": _pick(rng, "P", 6),
            "consignee_name": _pick(rng, "Name ", 6),
            "shipper_id": _pick(rng, "S", 8),
            "carrier_id": _pick(rng, "K", 3),
            "port_of_loading": _pick(rng, "CNSH", 3),
            "commodity_code": _pick(rng, "84713", 9),
            "goods_description": _pick(rng, "goods ", 4),
            "gross_mass_kg": float(rng.integers(1, 20000)),
            "packages": float(rng.integers(1, 50)),
        }
        if all(row["container_no"] != other["container_no"] for other in rows):
            rows.append(row)
            if rng.random() < 0.2:
                again = {**row, "revision": 1, "recorded_at": at(day + 2), "consignee_id": "P0"}
                rows.append(again)
    return rows


def _declaration(rng: np.random.Generator, bill: int, day: float, ship: list[dict]) -> list[dict]:
    lodged = day + float(rng.integers(0, 20)) / 4
    named = rng.random() < 0.5
    return [
        {
            "declaration_id": f"D{bill}",
            "line_no": line,
            "bill_no": f"B{bill}",
            "container_no": ship[0]["container_no"] if named else None,
            "lodged_at": at(lodged),
            "recorded_at": _late(rng, lodged),
            "office": ship[0]["office"],
            "importer_id": ship[0]["consignee_id"],
            "importer_name": ship[0]["consignee_name"],
            "exporter_id": ship[0]["shipper_id"],
            "declarant_id": _pick(rng, "A", 3),
            "commodity_code": _pick(rng, "84713", 9),
            "goods_description": _pick(rng, "goods ", 4),
            "origin_country": _pick(rng, "C", 4),
            "departure_country": _pick(rng, "C", 4),
            "customs_value": float(np.round(np.exp(rng.normal(8, 2)), 2)),
            "net_mass_kg": float(rng.integers(1, 9000)),
            "gross_mass_kg": float(rng.integers(1, 20000)),
            "packages": float(rng.integers(1, 50)),
            "duty_rate": float(rng.choice([0, 5, 10])),
            "x_purpose": _pick(rng, "purpose", 3),
            "x_score": float(rng.integers(5)),
        }
        for line in range(1, int(rng.integers(2, 5)))
    ]


def _inspection(rng: np.random.Generator, bill: int, day: float, ship: list[dict]) -> list[dict]:
    if rng.random() < 0.4:
        return []
    bad = bool(rng.random() < 0.3)
    closed = day + float(rng.integers(-2, 200)) / 4
    row = {
        "inspection_id": f"I{bill}",
        "bill_no": f"B{bill}",
        "container_no": ship[0]["container_no"] if rng.random() < 0.5 else None,
        "selected_at": at(day + 1),
        "scanned_at": at(day + 2),
        "scan_finding": "suspicious" if bad or rng.random() < 0.2 else "clear",
        "closed_at": at(closed),
        "recorded_at": _late(rng, closed),
        "revision": 0,
        "result": "violation" if bad else "no_violation",
        "propensity": float(rng.random() * 0.9 + 0.1),
    }
    if rng.random() < 0.2:
        changed = {**row, "revision": 1, "recorded_at": at(closed + 30), "result": "violation"}
        return [row, changed]
    return [row]
