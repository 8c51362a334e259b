"""What a simulated world is made of: every parameter, checked, with its source.

A description ends with where the figure comes from: ``published`` (the reference quarter),
``measured`` (a public data set), or ``assumed``. Shares lie between 0 and 1, effects on risk are
added to the logarithm of the risk.
"""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from riskml.datasets.simulation.parameters_control import InspectionParameters, PolicyParameters
from riskml.datasets.simulation.parameters_risk import (
    AdaptationParameters,
    RiskParameters,
    SchemeParameters,
    ShiftParameters,
)

__all__ = [
    "GoodsParameters",
    "ModeShares",
    "OfficeParameters",
    "PartyParameters",
    "RecordParameters",
    "ReferenceParameters",
    "ShipmentParameters",
    "VolumeParameters",
    "WorldConfig",
]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class _Section(BaseModel):
    """A table of the TOML file: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ReferenceParameters(_Section):
    """The quarter to whose published figures the world is fitted."""

    first: date = Field(description="First business day of the reference period; published")
    last: date = Field(description="Last business day of the reference period; published")
    arrivals: Positive = Field(
        description="Consignments arriving in the period at scale 1; assumed (a scan rate of 5 %)"
    )
    suspicion_rate: Share = Field(description="Suspicious images per scan; published (144 / 6198)")
    utc_offset_hours: float = Field(
        ge=-14, le=14, description="Local time minus UTC; Vietnam, no summer time; published"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last lies before first")
        return self


class ModeShares(_Section):
    """Shares of the modes of transport at an office."""

    sea: Share = Field(description="Share of arrivals by sea; assumed")
    road: Share = Field(description="Share of arrivals by road; assumed")
    air: Share = Field(description="Share of arrivals by air; assumed")
    rail: Share = Field(description="Share of arrivals by rail; assumed")

    @model_validator(mode="after")
    def _sum(self) -> Self:
        if abs(self.sea + self.road + self.air + self.rail - 1.0) > 1e-6:
            raise ValueError("the four shares must add up to 1")
        return self


class OfficeParameters(_Section):
    """A customs office: what arrives, what it can scan, what it found."""

    name: str = Field(min_length=1, description="Name, as in column office; published")
    arrivals: Positive = Field(description="Share of the country's arrivals; assumed")
    scans: int = Field(
        gt=0, description="Scans in the reference period; published for three, assumed for the rest"
    )
    hit_rate: Annotated[float, Field(gt=0.0, lt=0.2)] = Field(
        description="Violations found per scan; published for three, the rest share one violation"
    )
    discharge: str = Field(
        pattern="^([A-Z]{2}[A-Z2-9]{3})?$", description="Port of discharge, UN/LOCODE; published"
    )
    scanners: int = Field(ge=1, le=99, description="Number of scanners; assumed")
    modes: ModeShares = Field(description="Shares of the modes of transport; assumed")


class VolumeParameters(_Section):
    """When goods arrive, and when the scanners run."""

    growth: float = Field(ge=-0.5, le=1.0, description="Growth of arrivals per year; assumed")
    capacity_growth: float = Field(
        ge=-0.5, le=1.0, description="Growth of scan capacity per year; assumed"
    )
    weekdays: tuple[NonNegative, ...] = Field(
        min_length=7, max_length=7, description="Relative arrivals, Monday to Sunday; assumed"
    )
    capacity_weekdays: tuple[NonNegative, ...] = Field(
        min_length=7, max_length=7, description="Relative scan capacity, Monday to Sunday; assumed"
    )
    months: tuple[Positive, ...] = Field(
        min_length=12, max_length=12, description="Relative arrivals, January to December; assumed"
    )
    tet_rush: Positive = Field(description="Arrivals in the three weeks before Tet; assumed")
    tet_lull: Positive = Field(description="Arrivals in the week of Tet; assumed")
    tet_capacity: Positive = Field(description="Scan capacity in the week of Tet; assumed")


class ShipmentParameters(_Section):
    """What a bill of lading covers and how it travels."""

    containers_single: Share = Field(description="Share of bills with one container; assumed")
    containers_tail: Annotated[float, Field(gt=0.0, lt=0.95)] = Field(
        description="Probability of each further container on the others; assumed"
    )
    containers_most: int = Field(ge=1, le=200, description="Most containers on a bill; assumed")
    groupage: Share = Field(description="Share of sea bills that are groupage (LCL); assumed")
    groupage_size: int = Field(ge=1, le=50, description="Bills per groupage container; assumed")
    empty: Share = Field(description="Share of sea bills for empty containers; assumed")
    transit: Share = Field(description="Share of bills in transit; assumed")
    spot: Share = Field(description="Share of bills outside the importer's usual trade; assumed")
    away: Share = Field(description="Share of bills at another office than the usual; assumed")
    detour: Share = Field(
        description="Innocent share with a departure country other than the origin; assumed"
    )
    container_tonnes: Positive = Field(description="Median gross mass of a full one, t; assumed")
    container_spread: NonNegative = Field(description="Its spread, log scale; assumed")
    packages_spread: NonNegative = Field(
        description="Spread of the mass per package within a commodity, log scale; assumed"
    )
    air_lead_hours: Positive = Field(description="Median lead of an air manifest; assumed")
    land_lead_hours: Positive = Field(description="Median lead of a land manifest; assumed")
    sea_lead_share: Positive = Field(
        description="Median lead of a sea manifest as share of the voyage; assumed"
    )


class PartyParameters(_Section):
    """Importers, shippers and brokers: how many, how big, how long-lived."""

    importers: int = Field(ge=100, description="Importers at scale 1; assumed")
    shippers: int = Field(ge=50, description="Shippers at scale 1; assumed")
    brokers: int = Field(ge=5, description="Brokers at scale 1; assumed")
    zipf_exponent: Positive = Field(description="Zipf exponent of the volume of parties; assumed")
    zipf_shift: NonNegative = Field(description="Ranks by which the top is flattened; assumed")
    trades: int = Field(ge=1, le=20, description="Usual trades of an importer; assumed")
    lifetime_days: Positive = Field(description="Mean life of an identity in days; assumed")
    hopping_days: Positive = Field(
        description="Mean life of a fraudster's identity before it hops to a new one; assumed"
    )
    kept_address: Share = Field(
        description="Share of a fraudster's hops that keep the address; assumed"
    )
    bad_volume: Share = Field(description="Share of volume held by fraudsters; assumed")
    bad_smallest: Positive = Field(
        description="Least bills a year of a fraudster; assumed (too small ones do not pay)"
    )
    bad_largest: Positive = Field(description="Most bills a year of a fraudster; assumed")
    opportunists: Share = Field(description="Share of importers who cheat at times; assumed")
    trusted: Share = Field(description="Share of large honest importers trusted; assumed")
    dubious_brokers: Share = Field(description="Share of brokers fraudsters prefer; assumed")
    dubious_use: Share = Field(description="Share of fraudsters who use one of them; assumed")
    forwarders: Share = Field(
        description="Share of bills consigned to a forwarder, importer notified; assumed"
    )
    same_spelling: Share = Field(
        description="Share of declarations spelling the importer as the manifest does; assumed"
    )


class GoodsParameters(_Section):
    """Commodity codes, prices and words."""

    codes: int = Field(ge=100, le=20000, description="Number of commodity codes; assumed")
    code_exponent: Positive = Field(description="Zipf exponent of codes in a chapter; assumed")
    tariff_spread: NonNegative = Field(description="Spread of duty within a chapter; assumed")
    price_spread: NonNegative = Field(description="Spread of price levels in a chapter; assumed")
    dispersion_low: Positive = Field(description="Least price dispersion of a code; assumed")
    dispersion_high: Positive = Field(description="Greatest price dispersion of a code; assumed")
    origin_price_spread: NonNegative = Field(
        description="Spread of a code's price level over origins, log scale; assumed"
    )
    vietnamese: Share = Field(description="Share of descriptions in Vietnamese; assumed")
    vague: Share = Field(description="Innocent share of vague descriptions; assumed")


class RecordParameters(_Section):
    """How the paper differs from the goods, innocently."""

    declared_early: Share = Field(
        description="Share of declarations lodged before the daily list is drawn; assumed"
    )
    declared_ahead: Share = Field(
        description="Share of declarations lodged ahead of the manifest; assumed"
    )
    late_days: Positive = Field(description="Mean delay of the others in days; assumed")
    extra_lines: NonNegative = Field(description="Mean number of further lines; assumed")
    itemised: Share = Field(
        description="Share of many-container declarations with a line per container; assumed"
    )
    container_named: Share = Field(
        description="Share of one-container declarations naming the container; assumed"
    )
    second_declaration: Share = Field(
        description="Share of declarations followed by a supplementary one; assumed"
    )
    late_recording: Share = Field(description="Share of rows recorded late; assumed")
    late_recording_hours: Positive = Field(description="Mean lateness in hours; assumed")
    revisions: Share = Field(description="Share of manifest rows revised; assumed")
    declaration_revisions: Share = Field(description="Share of declarations revised; assumed")
    missing_shipper: Share = Field(description="Share of manifests without shipper; assumed")
    missing_consignee: Share = Field(description="Share of manifests without consignee; assumed")
    missing_code: Share = Field(description="Share of manifests without code; assumed")
    missing_description: Share = Field(
        description="Share of manifests without description; assumed"
    )
    missing_other: Share = Field(
        description="Share of values missing elsewhere in optional columns; assumed"
    )
    addresses: Share = Field(
        description="Share of papers with the importer's address, in columns x_consignee_address "
        "and x_importer_address; 0 leaves the columns out, for x_ columns enter feature sets; "
        "assumed"
    )
    mass_noise: NonNegative = Field(
        description="Innocent difference of masses, manifest to declaration, log scale; assumed"
    )
    mass_errors: Share = Field(description="Innocent share of gross differences; assumed")
    code_errors: Share = Field(description="Innocent share of differing codes; assumed")


class WorldConfig(_Section):
    """A world: all of its parameters.

    Read one with :func:`riskml.datasets.simulation.load_config`.
    """

    reference: ReferenceParameters = Field(description="The published quarter; published")
    offices: tuple[OfficeParameters, ...] = Field(
        min_length=1, max_length=99, description="Customs offices; published and assumed"
    )
    volume: VolumeParameters = Field(description="Volumes over time; assumed")
    shipments: ShipmentParameters = Field(description="Bills and containers; assumed")
    parties: PartyParameters = Field(description="Importers, shippers, brokers; assumed")
    goods: GoodsParameters = Field(description="Commodities; assumed")
    records: RecordParameters = Field(description="Records and their faults; assumed")
    risk: RiskParameters = Field(description="What makes a violation likely; assumed")
    shift: ShiftParameters = Field(
        default_factory=ShiftParameters, description="A planted change of pattern; assumed"
    )
    adaptation: AdaptationParameters = Field(
        description="How fraudsters move away from what gets caught; assumed"
    )
    schemes: SchemeParameters = Field(description="The five schemes of fraud; assumed")
    policy: PolicyParameters = Field(description="How officers chose what to scan; assumed")
    inspection: InspectionParameters = Field(
        description="Scanners, readers and delays; measured and assumed"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [office.name for office in self.offices]
        if len(set(names)) != len(names):
            raise ValueError("offices: two have the same name")
        scans = sum(office.scans for office in self.offices)
        if scans >= self.reference.arrivals:
            raise ValueError("offices.scans: together they exceed reference.arrivals")
        total = sum(office.arrivals for office in self.offices)
        for office in self.offices:
            if office.scans >= self.reference.arrivals * office.arrivals / total:
                raise ValueError(f"offices.scans: {office.name} scans more than arrives there")
        return self
