"""A small world in valid codes, bundles trained on it, and rows as a client would send them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from stdnum import iso6346

from riskml.bundle import Bundle
from riskml.datasets import Tables, write_table
from riskml.datasets.consignments import Rollup, roll_up, with_manifests
from riskml.explanation import pack_cases
from riskml.features.catalogue import feature_set
from riskml.features.compute import compute_features
from riskml.schemas import TABLES, validate
from riskml.scoring.batch import feature_arrays
from riskml.training.dataset import build_training_set
from tests.support.tiny_bundle import tiny_bundle

__all__ = [
    "ServiceWorld",
    "another_model",
    "as_sent",
    "draw_tables",
    "items_of",
    "make_world",
    "split_at",
    "train",
    "write_tables",
]

START = pd.Timestamp("2022-01-03", tz="UTC")
DAYS = 120
PORTS = ("CNSHA", "KRPUS", "SGSIN", "JPTYO", "THBKK")
COUNTRIES = ("CN", "KR", "SG", "JP", "TH")
CODES = ("870323", "620342", "851712", "090111", "392690", "640399")
GOODS = ("cotton shirts", "vải bông", "mobile phones", "cà phê hạt", "plastic parts", "giày da")


@dataclass(frozen=True)
class ServiceWorld:
    """Tables in normal form, and a model for each stage."""

    tables: Tables
    bundles: Mapping[str, Bundle]

    def rollup(self, stage: str) -> Rollup:
        """Return the consignments of a stage, with what their manifests said."""
        return with_manifests(roll_up(self.tables, stage), self.tables)

    def frame(self, stage: str) -> pd.DataFrame:
        """Return the offline feature frame."""
        return compute_features(self.tables, stage, self.bundles[stage].feature_set)


def make_world(bills: int = 500, seed: int = 7) -> ServiceWorld:
    """Draw a world and train on it."""
    tables = draw_tables(bills, seed)
    return ServiceWorld(tables, {s: train(tables, s) for s in ("pre_arrival", "declaration")})


def draw_tables(bills: int, seed: int) -> Tables:
    """Draw tables: shared parties, late records, revisions, groupage, gaps, unknown codes."""
    rng = np.random.default_rng(seed)
    ships: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    looked: list[dict[str, Any]] = []
    for bill in range(bills):
        at = START + pd.Timedelta(hours=int(rng.integers(0, DAYS * 24)))
        own = _manifests(rng, bill, at)
        ships += own
        lodged = _lines(rng, bill, at, own[0])
        lines += lodged
        looked += _inspections(rng, bill, at, own[0], lodged)
    return Tables(
        manifests=validate(pd.DataFrame(ships), "manifests").good,
        declarations=validate(pd.DataFrame(lines), "declarations").good,
        inspections=validate(pd.DataFrame(looked), "inspections").good,
    )


def _pick(rng: np.random.Generator, values: Any, missing: float = 0.1) -> Any:
    return None if rng.random() < missing else values[int(rng.integers(len(values)))]


def _names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def _container(rng: np.random.Generator) -> str:
    body = f"MSK U{rng.integers(900):06d}".replace(" ", "")
    if rng.random() < 0.05:
        return f"{body}X"
    return body + iso6346.calc_check_digit(body)


def _late(rng: np.random.Generator, at: pd.Timestamp) -> pd.Timestamp:
    return at + pd.Timedelta(hours=int(rng.integers(1, 200)) if rng.random() < 0.15 else 0)


def _manifests(rng: np.random.Generator, bill: int, at: pd.Timestamp) -> list[dict[str, Any]]:
    party = int(rng.integers(12))
    base = {
        "bill_no": f"BL{bill:05d}",
        "submitted_at": at,
        "arrival_at": at + pd.Timedelta(days=5) if rng.random() < 0.9 else None,
        "office": f"VN{int(rng.integers(3))}",
        "mode": "sea",
        "cargo_type": _pick(rng, ["FCL", "LCL", "empty"]),
        "carrier_id": _pick(rng, _names("K", 3)),
        "shipper_id": _pick(rng, _names("S", 15)),
        "consignee_id": f"P{party}" if rng.random() < 0.95 else None,
        "consignee_name": f"Công ty {party}",
        "notify_id": _pick(rng, _names("N", 5), 0.5),
        "port_of_loading": _pick(rng, [*PORTS, "XXABC"]),
        "transshipment_port": _pick(rng, PORTS, 0.7),
        "goods_description": _pick(rng, GOODS),
        "commodity_code": _pick(rng, CODES),
        "gross_mass_kg": float(rng.integers(1, 20_000)),
        "packages": float(rng.integers(1, 50)),
        "x_priority": _pick(rng, ["high", "low"], 0.3),
        "revision": 0,
    }
    rows = []
    for _ in range(int(rng.integers(1, 3))):
        row = {**base, "container_no": _container(rng), "recorded_at": _late(rng, at)}
        if any(row["container_no"] == other["container_no"] for other in rows):
            continue
        rows.append(row)
        if rng.random() < 0.1:
            known = at + pd.Timedelta(days=2)
            rows.append({**row, "revision": 1, "recorded_at": known, "consignee_id": "P0"})
    return rows


def _lines(
    rng: np.random.Generator, bill: int, at: pd.Timestamp, ship: dict[str, Any]
) -> list[dict[str, Any]]:
    lodged = at + pd.Timedelta(hours=int(rng.integers(0, 120)))
    container = ship["container_no"] if rng.random() < 0.5 else None
    price = float(np.exp(rng.normal(2, 0.5)))
    rows = []
    for line in range(1, int(rng.integers(2, 5))):
        mass = float(rng.integers(1, 9000))
        rows.append(
            {
                "declaration_id": f"TK{bill:05d}",
                "line_no": line,
                "bill_no": ship["bill_no"],
                "container_no": container,
                "lodged_at": lodged,
                "recorded_at": _late(rng, lodged),
                "office": ship["office"],
                "mode": "sea",
                "trusted_trader": _pick(rng, ["yes", "no"], 0.3),
                "importer_id": ship["consignee_id"],
                "importer_name": ship["consignee_name"],
                "exporter_id": ship["shipper_id"],
                "declarant_id": _pick(rng, _names("A", 4)),
                "commodity_code": _pick(rng, CODES, 0.0),
                "goods_description": _pick(rng, GOODS),
                "origin_country": _pick(rng, [*COUNTRIES, "XX"]),
                "departure_country": _pick(rng, COUNTRIES),
                "customs_value": round(price * mass, 2),
                "net_mass_kg": mass,
                "gross_mass_kg": mass * 1.1,
                "packages": float(rng.integers(1, 50)),
                "duty_rate": float(rng.choice([0, 5, 12.5])),
            }
        )
    return rows


def _inspections(
    rng: np.random.Generator,
    bill: int,
    at: pd.Timestamp,
    ship: dict[str, Any],
    lines: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    if rng.random() < 0.3:
        return []
    risky = ship["consignee_id"] in ("P1", "P2") or ship["port_of_loading"] == "CNSHA"
    bad = bool(rng.random() < (0.5 if risky else 0.1))
    selected = lines[0]["lodged_at"] + pd.Timedelta(hours=1)
    closed = selected + pd.Timedelta(hours=int(rng.integers(2, 400)))
    row = {
        "inspection_id": f"IN{bill:05d}",
        "bill_no": ship["bill_no"],
        "container_no": ship["container_no"] if rng.random() < 0.5 else None,
        "office": ship["office"],
        "channel": "officer",
        "selected_at": selected,
        "scanned_at": selected + pd.Timedelta(hours=1),
        "scan_finding": "suspicious" if bad or rng.random() < 0.2 else "clear",
        "result": "violation" if bad else "no_violation",
        "closed_at": closed,
        "recorded_at": _late(rng, closed),
        "revision": 0,
    }
    if rng.random() < 0.1:
        known = closed + pd.Timedelta(days=20)
        return [row, {**row, "revision": 1, "recorded_at": known, "result": "violation"}]
    return [row]


def train(tables: Tables, stage: str, trees: int = 40) -> Bundle:
    """Train on the results of inspections, and pack their cases."""
    features = feature_set(stage, (("x_priority", "category"),) if stage == "pre_arrival" else ())
    frame = compute_features(tables, stage, features)
    bad = set(tables.inspections.query("result == 'violation'")["bill_no"])
    columns = {
        f.name: _column(frame[f.name], category=f.kind == "category") for f in features.features
    }
    bundle = tiny_bundle(features, columns, frame["bill_no"].isin(bad).to_numpy(float), trees=trees)
    known = build_training_set(tables, stage, features=features, only_inspected=True).frame
    known = known[known["label"].notna()].reset_index(drop=True)
    return bundle.with_cases(
        pack_cases(bundle, bundle.encode(feature_arrays(bundle, known)), known)
    )


def another_model(world: ServiceWorld) -> Bundle:
    """Train a model for pre_arrival of other labels on the same features."""
    frame = world.frame("pre_arrival")
    bundle = world.bundles["pre_arrival"]
    labels = (frame.index.to_numpy() % 3 == 0).astype(float)
    return tiny_bundle(bundle.feature_set, feature_arrays(bundle, frame), labels)


def _column(series: pd.Series, *, category: bool) -> np.ndarray:
    if not category:
        return series.to_numpy(np.float64)
    values = np.array(series.astype(object), dtype=object)
    values[series.isna().to_numpy()] = None
    return values


def as_sent(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row in normal form as a client sends it: what is known, times as ISO text."""
    schema = TABLES[table]
    known = {*schema.names, *schema.companions}
    if row.get("invalid_container_no") is True:
        known.discard("container_no")  # it was taken from the bill; what was given stands as raw
    sent = {}
    for name, value in row.items():
        if name not in known and not name.startswith("x_"):
            continue
        if value is None or value is pd.NaT or value != value:
            continue
        sent[name] = value.isoformat() if isinstance(value, pd.Timestamp) else value
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in sent.items()}
    return plain | {k: int(plain[k]) for k in ("revision", "line_no") if k in plain}


def items_of(rollup: Rollup, positions: Any, *, timed: bool = True) -> list[dict[str, Any]]:
    """Return consignments as items with content, as known at their decision."""
    lines = rollup.lines.to_dict("records")
    found = []
    for position in positions:
        own = [lines[line] for line in np.flatnonzero(rollup.owner == position)]
        decided = rollup.consignments["decision_time"].iloc[position]
        item: dict[str, Any] = {"stage": rollup.stage}
        if timed:
            item["decision_time"] = decided.isoformat()
        if rollup.stage == "pre_arrival":
            item["manifest"] = as_sent("manifests", own[0])
        else:
            item["declaration_lines"] = [as_sent("declarations", line) for line in own]
            if rollup.manifests is not None:
                manifest = rollup.manifests.iloc[position]
                if manifest["bill_no"] == manifest["bill_no"]:
                    item["manifest"] = as_sent("manifests", manifest.to_dict())
        found.append(item)
    return found


def split_at(tables: Tables, when: pd.Timestamp) -> tuple[Tables, Tables]:
    """Part the tables by event time: before, and from then on."""
    columns = {"manifests": "submitted_at", "declarations": "lodged_at",
               "inspections": "selected_at"}  # fmt: skip
    early, late = {}, {}
    for name, column in columns.items():
        frame = tables.get(name)
        before = frame[column] < when
        early[name], late[name] = frame[before], frame[~before]
    return Tables(**early), Tables(**late)


def write_tables(tables: Tables, folder: Path) -> Path:
    """Write tables as a data folder."""
    for name in ("manifests", "declarations", "inspections"):
        frame = tables.get(name)
        if frame is not None:
            write_table(frame, folder / f"{name}.parquet")
    return folder
