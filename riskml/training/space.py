"""How a definition is tuned: objective, folds, and the space that is searched."""

from typing import Annotated, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, ValidationError

from riskml.training.part import Part, Share

__all__ = ["Choices", "Search", "Space", "Span", "Tuning", "check_space"]

Value = bool | int | float | str


class Span(Part):
    """A range of numbers, both ends included; ``log`` searches its orders of magnitude."""

    low: int | float
    high: int | float
    log: bool = False

    @property
    def ends(self) -> tuple[Value, ...]:
        """What has to be possible for all of it to be."""
        return (self.low, self.high)

    def holds(self, value: object) -> bool:
        """Say whether a value lies inside."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # type: ignore[operator]


class Choices(Part):
    """Values to choose from."""

    choices: tuple[Value, ...] = Field(min_length=2)

    @property
    def ends(self) -> tuple[Value, ...]:
        """What has to be possible for all of it to be."""
        return self.choices

    def holds(self, value: object) -> bool:
        """Say whether a value is one of them."""
        return value in self.choices


def _kind(given: object) -> str:
    chosen = isinstance(given, Choices) or (isinstance(given, dict) and "choices" in given)
    return "choices" if chosen else "range"


Search = Annotated[
    Annotated[Span, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)
]
Space = dict[Literal["lightgbm", "encoding", "weights"], dict[str, Search]]


class Tuning(Part):
    """What ``riskml tune`` looks for, and where.

    Attributes
    ----------
    objective : {"violations", "revenue", "average_precision"}
        Share of all violations, or of all revenue recovered, that is found when the riskiest
        ``rate`` of each judged slice is inspected; or the average precision, which tells apart
        more finely where violations are few.
    rate : float
        Inspection rate of the stage.
    folds, first_share
        Prequential slices, and the share of rows only ever learned from. The last slice is seen
        by no trial: on it the winner is compared with the definition's own parameters.
    startup : int
        Trials drawn at random before the sampler learns from what it has seen, and before any
        trial is pruned.
    confidence : float
        The winner replaces the definition's own parameters only if its gain on the searched
        slices stays above zero in an interval of this confidence (paired bootstrap); 0 takes any
        gain.
    space : mapping
        Part of the definition (``lightgbm``, ``encoding``, ``weights``), name, and what to search:
        ``{ low, high, log }`` or ``{ choices }``.
    """

    objective: Literal["violations", "revenue", "average_precision"] = "violations"
    rate: Share = 0.05
    folds: int = Field(default=5, ge=2, le=20)
    first_share: Share = 0.3
    startup: int = Field(default=10, ge=1)
    confidence: float = Field(default=0.68, ge=0, lt=1)
    space: Space = Field(default_factory=dict)


WITHOUT_EFFECT = {"weights.calibrator", "weights.calibration_clip"}
"""They change probabilities, never the order that the objective judges."""


def check_space(space: Space, definition: BaseModel) -> None:
    """Make sure that everything searched exists and is possible all over.

    Raises
    ------
    ValueError
        Names the key.
    """
    for part_name, entries in space.items():
        part = getattr(definition, part_name)
        for name, search in entries.items():
            key = f"tuning.space.{part_name}.{name}"
            if name not in type(part).model_fields:
                raise ValueError(f"{key} is no setting")
            if f"{part_name}.{name}" in WITHOUT_EFFECT:
                raise ValueError(f"{key} has no effect on the order of consignments")
            _check_search(key, type(part), name, search)


def _check_search(key: str, part: type[BaseModel], name: str, search: Search) -> None:
    if isinstance(search, Span) and not search.low < search.high:
        raise ValueError(f"{key}: low must be below high")
    if isinstance(search, Span) and search.log and search.low <= 0:
        raise ValueError(f"{key}: a log range begins above 0")
    for value in search.ends:
        try:
            part.model_validate({name: value}, strict=True)
        except ValidationError as error:
            raise ValueError(f"{key}: {value}: {error.errors()[0]['msg']}") from error
