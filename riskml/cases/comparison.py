"""Manifest beside declaration: what each says of the same consignment, differences marked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from riskml.cases.projection import folded

__all__ = ["CODES", "Pair", "compare"]

Row = Mapping[str, Any]
Kind = Literal["text", "mass", "count", "money"]
CODES = (
    "consignee", "shipper", "container", "goods", "commodity", "gross_mass", "packages",
    "departure", "origin", "transshipment", "carrier", "declarant", "procedure", "customs_value",
    "duty",
)  # fmt: skip
"""What documents are compared by, in the order of showing; the pages and reports name them."""
TOLERANCE = 0.01
"""Masses and counts that differ by less than this share are taken for equal."""


@dataclass(frozen=True)
class Pair:
    """One thing that both documents may speak of.

    Attributes
    ----------
    code : str
        What it is: one of :data:`CODES`.
    kind : str
        How the values are written.
    manifest, declaration : str, float or None
        None: this document does not say.
    differs : bool
        Both say it, and not the same.
    share : float or None
        By how much the declaration differs, as a share of the manifest's number.
    """

    code: str
    kind: Kind
    manifest: str | float | None
    declaration: str | float | None
    differs: bool = False
    share: float | None = None


def compare(manifest: Row | None, lines: Sequence[Row]) -> list[Pair]:
    """Lay the documents side by side; what neither says is left out.

    Parameters
    ----------
    manifest : mapping or None
        Columns of the manifest line.
    lines : sequence of mapping
        Columns of the declaration lines; masses, packages and money are summed.
    """
    own = manifest or {}
    pairs = [
        _texts("consignee", _one(own, "consignee_name", "consignee_id"),
               _joined(lines, "importer_name", "importer_id"), _folded),
        _texts("shipper", _one(own, "shipper_name", "shipper_id"),
               _joined(lines, "exporter_name", "exporter_id"), _folded),
        _texts("container", _one(own, "container_no"), _joined(lines, "container_no"), _folded),
        _texts("goods", _one(own, "goods_description"), _joined(lines, "goods_description"),
               None),
        _texts("commodity", _one(own, "commodity_code"), _joined(lines, "commodity_code"),
               _headings),
        _numbers("gross_mass", "mass", _number(own, "gross_mass_kg"),
                 _total(lines, "gross_mass_kg")),
        _numbers("packages", "count", _number(own, "packages"), _total(lines, "packages")),
        _texts("departure", _one(own, "port_of_loading"),
               _joined(lines, "departure_country"), _country),
        _texts("origin", None, _joined(lines, "origin_country"), None),
        _texts("transshipment", _one(own, "transshipment_port"), None, None),
        _texts("carrier", _one(own, "carrier_id", "vessel"), None, None),
        _texts("declarant", None, _joined(lines, "declarant_id"), None),
        _texts("procedure", None, _joined(lines, "procedure", "lane"), None),
        _numbers("customs_value", "money", None, _total(lines, "customs_value")),
        _numbers("duty", "money", None, _total(lines, "duty_amount")),
    ]  # fmt: skip
    return [pair for pair in pairs if (pair.manifest, pair.declaration) != (None, None)]


def _texts(
    code: str, manifest: str | None, declaration: str | None, alike: Callable[[str], Any] | None
) -> Pair:
    both = manifest is not None and declaration is not None and alike is not None
    differs = bool(both and alike and alike(manifest or "") != alike(declaration or ""))
    return Pair(code, "text", manifest, declaration, differs)


def _numbers(code: str, kind: Kind, manifest: float | None, declaration: float | None) -> Pair:
    if manifest is None or declaration is None or manifest == 0:
        return Pair(code, kind, manifest, declaration)
    share = declaration / manifest - 1
    differs = abs(share) > TOLERANCE
    return Pair(code, kind, manifest, declaration, differs, share if differs else None)


def _one(row: Row, *columns: str) -> str | None:
    return _text(str(row[column]) for column in columns if row.get(column) is not None)


def _joined(lines: Sequence[Row], *columns: str) -> str | None:
    """Return the distinct values of columns over the lines, in their order."""
    return _text(
        str(line[column]) for column in columns for line in lines if line.get(column) is not None
    )


def _text(values: Iterable[str]) -> str | None:
    return " · ".join(dict.fromkeys(values)) or None


def _number(row: Row, column: str) -> float | None:
    value = row.get(column)
    return float(value) if isinstance(value, int | float) else None


def _total(lines: Sequence[Row], column: str) -> float | None:
    known = [value for line in lines if (value := _number(line, column)) is not None]
    return sum(known) if known else None


def _folded(text: str) -> str:
    """Names that differ by accents, case or punctuation alone are the same name."""
    return "".join(c for c in folded(text) if c.isalnum())


def _headings(text: str) -> frozenset[str]:
    return frozenset(code[:4] for code in text.split(" · "))


def _country(text: str) -> str:
    return text[:2]
