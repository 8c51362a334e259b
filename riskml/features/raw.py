"""Raw columns: categories as they are, and a service's own ``x_*`` columns."""

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, Direct, direct
from riskml.features.derived import columns_behind
from riskml.features.featureset import Feature
from riskml.features.past import outcome_history, past, presence
from riskml.history import Statistic

__all__ = ["ExtraColumn", "definitions", "extra_definitions"]

ExtraColumn = tuple[str, str]
"""Name of an ``x_*`` column and its kind, ``number`` or ``category``."""

_CATEGORIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "pre_arrival": (
        ("office", "Customs office", "Đơn vị hải quan"),
        ("mode", "Mode of transport", "Phương thức vận tải"),
        ("cargo_type", "Cargo type", "Loại hàng"),
        ("container_type", "Container type", "Loại công-te-nơ"),
        ("chapter", "HS chapter of the goods", "Chương HS"),
        ("port_of_loading", "Port of loading", "Cảng xếp hàng"),
    ),
    "declaration": (
        ("office", "Customs office", "Đơn vị hải quan"),
        ("mode", "Mode of transport", "Phương thức vận tải"),
        ("procedure", "Customs procedure", "Loại hình"),
        ("lane", "Lane given by the declaration system", "Luồng tờ khai"),
        ("chapter", "HS chapter of the first line", "Chương HS của dòng đầu"),
        ("origin_country", "Country of origin of the first line", "Nước xuất xứ của dòng đầu"),
        ("departure_country", "Country of departure of the first line", "Nước xuất hàng"),
        ("preference_code", "Preference code of the first line", "Mã ưu đãi của dòng đầu"),
        ("payment_type", "Type of payment", "Hình thức thanh toán"),
        ("quantity_unit", "Unit of quantity of the first line", "Đơn vị tính của dòng đầu"),
    ),
}


MOST_PAIRED = 8
"""Own categories, the first by name, whose pairs are looked at: pairs grow with the square."""
PAIR_STRENGTH = 5.0
"""Outcomes that the rate of a pair's parent counts for: pairs are rare, and differ from it."""
_GOODS = {
    "manifests": ("commodity_code", "port_of_loading"),
    "declarations": ("commodity_code", "origin_country"),
}


def definitions(stage: str) -> list[Definition]:
    """Return the raw columns of ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    return [
        direct(_category(table, column, english, vietnamese), _first(column))
        for column, english, vietnamese in _CATEGORIES[stage]
    ]


def extra_definitions(stage: str, extras: Sequence[ExtraColumn]) -> list[Definition]:
    """Return features of a service's own columns: their value, and what is known of it."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    found: list[Definition] = []
    for column, kind in extras:
        words = (f"The service's own column {column}", f"Cột riêng {column}")
        if kind == "number":
            source = (f"{table}.{column}",)
            feature = Feature(f"{column}__value", "number", "raw", *words, sources=source)
            found.append(direct(feature, _highest(column)))
            continue
        found.append(direct(_category(table, column, *words), _first(column)))
        found += presence("raw", table, (column,), (365.0,))
        found += outcome_history("raw", table, (column,), ("all",), windows=(365.0, None))
        pair = ("office", column)
        found += outcome_history("raw", table, pair, (column,), windows=(None,), findings=False)
    return found + _paired(table, [column for column, kind in extras if kind == "category"])


def _paired(table: str, columns: Sequence[str]) -> list[Definition]:
    """Return what is known of own categories in pairs, and of each with the goods and origin.

    A combination may be in violation where neither of its parts is suspect. Few violations do not
    let trees find that out by themselves; a rate that was counted says it at once.
    """
    columns = columns[:MOST_PAIRED]
    found: list[Definition] = []
    for key in [*product(_GOODS[table], columns), *combinations(columns, 2)]:
        found += outcome_history(
            "raw", table, key, key[1:], windows=(None,), strength=PAIR_STRENGTH, findings=False
        )
        found.append(past("raw", table, Statistic(key, "count", days=365.0)))
    return found


def _category(table: str, column: str, english: str, vietnamese: str) -> Feature:
    # Identifiers of the row carry the bare column names; a feature is told from them by name.
    sources = tuple(f"{table}.{name}" for name in columns_behind([column]))
    return Feature(f"{column}__value", "category", "raw", english, vietnamese, sources=sources)


def _first(column: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        return roll(batch, batch.text(column), "first")

    return compute


def _highest(column: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        return roll(batch, batch.numbers(column), "max")

    return compute
