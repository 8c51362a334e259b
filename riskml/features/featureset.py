"""Feature sets: named, versioned, ordered, digested lists of described features."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from riskml.errors import BundleError

__all__ = ["Feature", "FeatureSet"]


@dataclass(frozen=True)
class Feature:
    """One column of a feature frame, described for people.

    Attributes
    ----------
    name : str
        Column name.
    kind : {"number", "category"}
        ``number`` is float64 with NaN for missing; ``category`` is text.
    family : str
        Group of meaning (parties, commodity, valuation, route, consistency, container,
        logistics, novelty, raw).
    description_en, description_vi : str
        What it says, in English and Vietnamese.
    unit : str
        Unit of the value; empty for a category or a plain ratio.
    sign : {-1, 0, 1}
        Direction in which risk is known to move with the value; 0 when the field knows none.
    sources : tuple of str
        ``table.column`` of what it is computed from.
    """

    name: str
    kind: Literal["number", "category"]
    family: str
    description_en: str
    description_vi: str
    unit: str = ""
    sign: int = 0
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureSet:
    """An ordered list of features for one stage.

    Attributes
    ----------
    name : str
        Name under which a model definition asks for it.
    version : int
        Increased whenever the meaning of a feature changes.
    stage : str
        The decision point it serves.
    features : tuple of Feature
        In the order of the model's columns.
    """

    name: str
    version: int
    stage: str
    features: tuple[Feature, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Names of the features that are categories, in order."""
        return tuple(f.name for f in self.features if f.kind == "category")

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of this feature set."""
        text = json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads back."""
        features = [{**asdict(f), "sources": list(f.sources)} for f in self.features]
        return {
            "name": self.name,
            "version": self.version,
            "stage": self.stage,
            "features": features,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FeatureSet":
        """Build a feature set from what :meth:`to_dict` gave.

        Raises
        ------
        BundleError
            If a field is missing or unknown.
        """
        try:
            features = tuple(
                Feature(**{**f, "sources": tuple(f.get("sources", ()))}) for f in data["features"]
            )
            return cls(str(data["name"]), int(data["version"]), str(data["stage"]), features)
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"the feature set cannot be read ({error})", "train the model again"
            ) from error

    def difference(self, names: Iterable[str]) -> list[str]:
        """Return lines ``- missing`` and ``+ unknown`` against other column names."""
        given = list(names)
        missing = [f"- {name}" for name in self.names if name not in set(given)]
        unknown = [f"+ {name}" for name in given if name not in set(self.names)]
        return missing + unknown
