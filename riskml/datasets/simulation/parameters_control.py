"""Parameters of control: how officers chose, what scanners saw, how long it took."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["InspectionParameters", "PolicyParameters"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Effect = Annotated[float, Field(ge=-10.0, le=10.0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PolicyParameters(_Section):
    """The legacy policy: rules and hunches on observable columns, with a floor of chance.

    Points are added to the logarithm of a weight; inclusion probabilities are proportional to it.
    """

    exploration: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Share of capacity drawn uniformly at random; assumed"
    )
    mandatory_most: Share = Field(
        description="Most of an office's daily capacity that mandatory picks may take; assumed"
    )
    sharpness: NonNegative = Field(description="Factor on all points; assumed")
    duty: Effect = Field(description="Points for duty of 20 % or more; assumed")
    origin: Effect = Field(description="Points for each unit of believed origin risk; assumed")
    chapter: Effect = Field(description="Points for each unit of believed goods risk; assumed")
    belief_noise: NonNegative = Field(
        description="Error of beliefs about origins and chapters; assumed"
    )
    hub: Effect = Field(description="Points for transshipment through a hub; assumed")
    indirect: Effect = Field(description="Points for departure not from the origin; assumed")
    vague: Effect = Field(description="Points for a vague or missing description; assumed")
    groupage: Effect = Field(description="Points for groupage; assumed")
    newcomer: Effect = Field(description="Points for a consignee new to the country; assumed")
    low_price: Effect = Field(description="Points for a price well below the list; assumed")
    low_price_below: Effect = Field(
        description="Log of price over list price below which that holds; assumed"
    )
    code_mismatch: Effect = Field(
        description="Points for manifest and declaration differing in heading; assumed"
    )
    excess_mass: Effect = Field(
        description="Points for a manifest heavier than the declaration; assumed"
    )
    known_offender: Effect = Field(
        description="Points for a consignee found in violation within a year; assumed"
    )
    trusted: Effect = Field(description="Points for a trusted trader; assumed")
    empty: Effect = Field(description="Points for an empty container; assumed")
    hunch: NonNegative = Field(
        description="Spread of an office's hunches about chapters and origins; assumed"
    )
    mandatory_countries: tuple[str, ...] = Field(
        description="Countries whose groupage is always scanned when it left through a hub; assumed"
    )


class InspectionParameters(_Section):
    """Scanners and their readers, opening, and how long verification takes."""

    opened_suspicious: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Share of suspicious consignments that are opened; assumed"
    )
    opened_clear: Share = Field(description="Share of clear ones opened, at random; assumed")
    examination: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Share of violations found when the consignment is opened; assumed"
    )
    false_alarm_groupage: Positive = Field(
        description="False alarms on groupage relative to others; assumed (level is fitted)"
    )
    delay_median_days: Positive = Field(
        description="Median delay from scan to verified result; measured (LEMIS refusals)"
    )
    delay_p90_days: Positive = Field(
        description="90th percentile of that delay; measured (LEMIS: 28; with the median it "
        "fixes a lognormal whose p99 is 205, as measured)"
    )
    clear_median_hours: Positive = Field(
        description="Median time to close a clear, unopened scan; assumed"
    )
    clear_spread: NonNegative = Field(description="Its spread, log scale; assumed")

    @model_validator(mode="after")
    def _delays(self) -> Self:
        if self.delay_p90_days <= self.delay_median_days:
            raise ValueError("delay_p90_days must exceed delay_median_days")
        return self
