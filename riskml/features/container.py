"""Container: its number, its check digit, its earlier use, its type against the goods."""

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, direct
from riskml.features.featureset import Feature
from riskml.features.past import past
from riskml.history import Statistic

__all__ = ["definitions"]

_OTHERS = {"pre_arrival": "consignee_id", "declaration": "importer_id"}

# Third character of a size and type code (ISO 6346): R, H and, before 1995, S are thermal; T and,
# since 2022, K are tanks.
_COOLED, _TANK = frozenset("RHS"), frozenset("TK")

# HS chapters (WCO nomenclature). Meat and fish hardly ever travel uncooled; the chapters of
# perishable, sensitive or chemical goods may be cooled; what is pumped comes from few chapters.
_MUST_COOL = frozenset(("02", "03"))
_MAY_COOL = frozenset(
    ("02", "03", "04", "05", "06", "07", "08", "09", "15", "16", "17", "18", "19", "20", "21", "22",
     "28", "29", "30", "33", "35", "37", "38", "39")
)  # fmt: skip
_MAY_PUMP = frozenset(("04", "11", "15", "17", "20", "22", "25", "27", "28", "29", "34", "38", "39",
                       "40"))  # fmt: skip


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    key, other = ("container_no",), _OTHERS[stage]
    found = [
        past("container", table, Statistic(key, "count", days=365.0)),
        past("container", table, Statistic(key, "days_since_last")),
        past("container", table, Statistic(key, "hits", days=365.0)),
        past("container", table, Statistic(key, "distinct", column=other, days=365.0)),
        direct(_FLAG, _invalid),
        direct(_MISSING, _missing),
        direct(_mismatch_feature(table), _type_mismatch),
    ]
    if stage == "pre_arrival":
        usual = Statistic(("chapter",), "share", column="container_type", days=365.0)
        found.append(past("container", table, usual))
    return found


def _mismatch_feature(table: str) -> Feature:
    return Feature(
        "container_type_mismatch",
        "number",
        "container",
        "The container is cooled or a tank and no line's HS chapter travels so, or is neither and "
        "all lines need cooling",
        "Công-te-nơ lạnh hoặc bồn mà không dòng hàng nào thuộc chương HS đi như vậy, hoặc "
        "công-te-nơ thường mà mọi dòng hàng cần lạnh",
        sources=("manifests.container_type", f"{table}.commodity_code"),
    )


_FLAG = Feature(
    "invalid_container",
    "number",
    "container",
    "The container number given is malformed or fails its check digit (ISO 6346)",
    "Số công-te-nơ sai định dạng hoặc sai số kiểm tra (ISO 6346)",
    sources=("manifests.container_no", "declarations.container_no"),
)
_MISSING = Feature(
    "no_container",
    "number",
    "container",
    "No container number is known",
    "Không có số công-te-nơ",
    sources=("manifests.container_no", "declarations.container_no"),
)


def _invalid(batch: Batch) -> np.ndarray:
    return roll(batch, batch.numbers("invalid_container_no"), "max")


def _missing(batch: Batch) -> np.ndarray:
    return np.array([float(no is None) for no in batch.text("container_no", "head")])


def _type_mismatch(batch: Batch) -> np.ndarray:
    """Say of each consignment whether none of its lines fits the type of its container."""
    if batch.stage == "pre_arrival":
        kinds = batch.text("container_type")
    else:
        kinds = batch.text("container_type", "manifest")[batch.owner]
    pairs = zip(kinds.tolist(), batch.text("chapter").tolist(), strict=True)
    fits = np.array([_mismatch(kind, chapter) for kind, chapter in pairs], dtype=np.float64)
    return roll(batch, fits, "min")


def _mismatch(kind: str | None, chapter: str | None) -> float:
    if kind is None or len(kind) < 3 or chapter is None or not chapter.isdigit():
        return np.nan
    if kind[2] in _COOLED:
        return float(chapter not in _MAY_COOL)
    if kind[2] in _TANK:
        return float(chapter not in _MAY_PUMP)
    return float(chapter in _MUST_COOL)
