"""Consistency: the manifest against the declaration, the goods' words against their code."""

import numpy as np
from rapidfuzz import fuzz

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, Direct, direct, worded
from riskml.features.featureset import Feature

__all__ = ["definitions"]


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family; without a declaration, words and code are compared."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    found = [worded(_plausible(table, table, *_OWN_WORDS), "line", "min")]
    if stage == "declaration":
        found += [direct(feature, compute) for feature, compute in _DIRECT]
        feature = _plausible("manifests", table, *_MANIFEST_WORDS)
        found.append(worded(feature, "manifest", "max"))
    return found


_OWN_WORDS = (
    "description_plausibility",
    "How well the goods description goes with the HS heading, by earlier descriptions (of several "
    "lines, the worst)",
    "Mức độ phù hợp của mô tả hàng với nhóm HS theo các mô tả trước đây (dòng kém nhất)",
)
_MANIFEST_WORDS = (
    "manifest_description_plausibility",
    "How well the manifest's goods description goes with an HS heading declared, by earlier "
    "descriptions (of several lines, the best)",
    "Mức độ phù hợp của mô tả trên bản lược khai với nhóm HS khai báo theo các mô tả trước đây "
    "(dòng tốt nhất)",
)


def _plausible(words: str, codes: str, name: str, english: str, vietnamese: str) -> Feature:
    # Earlier descriptions are those of the table that has the codes.
    sources = dict.fromkeys(
        (f"{words}.goods_description", f"{codes}.commodity_code", f"{codes}.goods_description")
    )
    return Feature(
        name, "number", "consistency", english, vietnamese, "plausibility", -1, tuple(sources)
    )


def _feature(
    name: str, english: str, vietnamese: str, column: str, unit: str = "", declared: str = ""
) -> Feature:
    sources = (f"manifests.{column}", f"declarations.{declared or column}")
    return Feature(name, "number", "consistency", english, vietnamese, unit, 0, sources)


def _log_ratio(column: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        declared = roll(batch, batch.numbers(column), "sum")
        manifest = batch.numbers(column, "manifest")
        known = (declared > 0) & (manifest > 0)
        return np.log(
            np.where(known, declared, np.nan) / np.where(known, manifest, np.nan),
        )

    return compute


def _similarity(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Token-set similarity of two text columns, 0 to 100; missing where one is missing."""
    cache: dict[tuple[str, str], float] = {}
    out = np.full(len(left), np.nan)
    for row, (a, b) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        if a is None or b is None:
            continue
        key = (a, b)
        if key not in cache:
            cache[key] = float(fuzz.token_set_ratio(a.casefold(), b.casefold()))
        out[row] = cache[key]
    return out


def _name_similarity(batch: Batch) -> np.ndarray:
    names = batch.text("consignee_name", "manifest")[batch.owner]
    return roll(batch, _similarity(names, batch.text("importer_name")), "min")


def _goods_similarity(batch: Batch) -> np.ndarray:
    goods = batch.text("goods_description", "manifest")[batch.owner]
    return roll(batch, _similarity(goods, batch.text("goods_description")), "max")


def _same_heading(batch: Batch) -> np.ndarray:
    codes = batch.text("commodity_code", "manifest")[batch.owner]
    declared = batch.text("heading")
    same = np.array(
        [
            np.nan if a is None or b is None else float(a[:4] == b)
            for a, b in zip(codes.tolist(), declared.tolist(), strict=True)
        ],
        dtype=np.float64,
    )
    return roll(batch, same, "max")


_DIRECT = (
    (
        _feature(
            "gross_mass_log_ratio",
            "Logarithm of declared over manifested gross mass",
            "Lô-ga-rít khối lượng khai báo so với bản lược khai",
            "gross_mass_kg",
        ),
        _log_ratio("gross_mass_kg"),
    ),
    (
        _feature(
            "packages_log_ratio",
            "Logarithm of declared over manifested packages",
            "Lô-ga-rít số kiện khai báo so với bản lược khai",
            "packages",
        ),
        _log_ratio("packages"),
    ),
    (
        _feature(
            "party_name_similarity",
            "Similarity of importer name and consignee name",
            "Độ giống nhau giữa tên người nhập khẩu và người nhận hàng",
            "consignee_name",
            "percent",
            "importer_name",
        ),
        _name_similarity,
    ),
    (
        _feature(
            "goods_similarity",
            "Similarity of the goods descriptions of manifest and declaration",
            "Độ giống nhau giữa mô tả hàng trên bản lược khai và tờ khai",
            "goods_description",
            "percent",
        ),
        _goods_similarity,
    ),
    (
        _feature(
            "same_heading",
            "Some line has the manifest's HS heading",
            "Có dòng hàng cùng nhóm HS với bản lược khai",
            "commodity_code",
        ),
        _same_heading,
    ),
)
