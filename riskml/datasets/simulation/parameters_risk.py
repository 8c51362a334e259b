"""Parameters of risk: who is likely to be in violation, and how each scheme shows."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "SCHEMES",
    "AdaptationParameters",
    "RiskParameters",
    "Scheme",
    "SchemeParameters",
    "ShiftParameters",
]

SCHEMES = (
    "undervaluation",
    "misdescription",
    "concealment",
    "origin_laundering",
    "prohibited_goods",
)
"""The typed violations; scheme 0 is an honest consignment, scheme k is ``SCHEMES[k - 1]``."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Effect = Annotated[float, Field(ge=-10.0, le=10.0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ShiftParameters(_Section):
    """A planted shift: from a day on fraud goes with other codes and origins than before.

    What is known of the old ones misleads then, officers and models alike.
    """

    day: date | None = Field(
        default=None, description="First business day of the new pattern; none by default; assumed"
    )
    codes: Share = Field(default=1.0, description="Share of codes that change their risk; assumed")
    origins: Share = Field(
        default=1.0, description="Share of origins that change their risk; assumed"
    )


class RiskParameters(_Section):
    """Effects on the logarithm of the risk; an office's level is fitted to its hit rate."""

    honest_spread: NonNegative = Field(description="Spread of honest importers; assumed")
    opportunist: Effect = Field(description="Effect of an opportunist importer; assumed")
    bad: Effect = Field(description="Effect of a fraudster; assumed")
    bad_spread: NonNegative = Field(description="Spread of fraudsters; assumed")
    shipper_spread: NonNegative = Field(description="Spread of shippers; assumed")
    broker_spread: NonNegative = Field(description="Spread of brokers; assumed")
    chapter_spread: NonNegative = Field(description="Spread of chapters; assumed")
    code_spread: NonNegative = Field(description="Spread of codes in a chapter; assumed")
    origin_spread: NonNegative = Field(description="Spread of origins; assumed")
    drift_spread: NonNegative = Field(
        description="Swing of chapters and origins over time; assumed"
    )
    drift_years: Positive = Field(description="Mean period of that swing in years; assumed")
    tariff: Effect = Field(description="Effect of each 10 points of duty; assumed")
    newcomer: Effect = Field(description="Effect of an identity younger than that; assumed")
    newcomer_days: Positive = Field(description="Age in days of a newcomer; assumed")
    hub: Effect = Field(description="Effect of transshipment through a hub; assumed")
    indirect: Effect = Field(description="Effect of departure not from the origin; assumed")
    groupage: Effect = Field(description="Effect of groupage; assumed")
    empty: Effect = Field(description="Effect of an empty container; assumed")
    transit: Effect = Field(description="Effect of transit; assumed")
    trusted: Effect = Field(description="Effect of a trusted trader; assumed")
    conduct: Effect = Field(description="Effect of following a scheme; assumed")
    conduct_strength: Effect = Field(
        description="Further effect of the strength (0 to 1) of the scheme; assumed"
    )
    hidden_spread: NonNegative = Field(
        description="Spread of what no column shows, for each bill; assumed"
    )
    ceiling: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        description="Greatest probability of a violation; assumed"
    )
    true_to_type: Share = Field(
        description="Share of violations under a scheme that are of its type; assumed"
    )


class AdaptationParameters(_Section):
    """How fraudsters move away from what gets caught; with 0 throughout nobody learns anything.

    Shares are of the catches of a party that cheats, each decided by itself, once the result is
    closed. Field studies tell of such moves, not of their size.
    """

    goods: Share = Field(description="Share after which the trade caught has new goods; assumed")
    source: Share = Field(
        description="Share after which it comes from another origin, and its route; assumed"
    )
    shipper: Share = Field(description="Share after which it has another shipper; assumed")
    scheme: Share = Field(description="Share after which the usual scheme is another; assumed")
    pressure: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        description="Power to which a scheme's relative risk of being caught lowers its appeal to "
        "everybody; assumed"
    )
    doubt: Positive = Field(
        description="Catches at scale 1 that must be known before that tells; assumed"
    )
    memory_days: Positive = Field(
        description="Days after which a catch counts half towards it; assumed"
    )


class Scheme(_Section):
    """One scheme of fraud."""

    weight: Positive = Field(description="How common it is among schemes; assumed")
    duty_pull: Effect = Field(description="Appeal of each 10 points of duty, log scale; assumed")
    sensitivity: Share = Field(
        description="Share of such violations that make the image suspicious; assumed"
    )
    severity: Annotated[float, Field(ge=0.0, le=5.0)] = Field(
        description="Mean severity of such a violation, 1 to 5; assumed"
    )


class SchemeParameters(_Section):
    """How often schemes are followed, and what they leave behind in the columns."""

    honest_use: Share = Field(
        description="Share of honest bills with a scheme's conduct, grey practice; assumed"
    )
    opportunist_use: Share = Field(description="Share of opportunists' bills; assumed")
    bad_use: Share = Field(description="Share of fraudsters' bills; assumed")
    loyalty: Share = Field(description="Share of a fraudster's schemes of the usual kind; assumed")
    discount_low: Share = Field(description="Least discount of an undervaluation; assumed")
    discount_high: Share = Field(description="Greatest discount; assumed")
    telling_code: Share = Field(
        description="Misdescription: share of manifests that carry the true code; assumed"
    )
    telling_words: Share = Field(
        description="Misdescription: share of declarations with the true goods' words; assumed"
    )
    excess_mass: NonNegative = Field(
        description="Concealment: greatest excess of the manifest's mass, log scale; assumed"
    )
    telling_departure: Share = Field(
        description="Origin laundering: share departing from the true country; assumed"
    )
    telling_loading: Share = Field(
        description="Origin laundering: share loaded in the true country; assumed"
    )
    hub_use: Share = Field(
        description="Prohibited goods, concealment: share through a hub; assumed"
    )
    new_shipper: Share = Field(description="Prohibited goods: share with odd shippers; assumed")
    vague_words: Share = Field(
        description="Prohibited goods, concealment: share of vague descriptions; assumed"
    )
    odd_packing: NonNegative = Field(
        description="Prohibited goods, concealment: shift of mass per package, log; assumed"
    )
    undervaluation: Scheme = Field(description="Declared below the price; assumed")
    misdescription: Scheme = Field(description="Declared as other goods; assumed")
    concealment: Scheme = Field(description="Goods hidden behind others; assumed")
    origin_laundering: Scheme = Field(description="Origin falsified for a preference; assumed")
    prohibited_goods: Scheme = Field(description="Goods that may not enter; assumed")

    @property
    def kinds(self) -> tuple[Scheme, ...]:
        """The five schemes in the order of ``SCHEMES``."""
        return tuple(getattr(self, name) for name in SCHEMES)
