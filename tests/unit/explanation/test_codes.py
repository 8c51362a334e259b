import pytest

from riskml.explanation import GENERIC, REASON_CODES, code_of
from riskml.features import Feature
from riskml.features.catalogue import catalogue

STAGES = ("pre_arrival", "declaration")


def _feature(family: str, *sources: str) -> Feature:
    return Feature("name", "number", family, "en", "vi", sources=sources)


def test_every_code_speaks_both_languages() -> None:
    for code in REASON_CODES.values():
        assert code.title_en.strip()
        assert code.title_vi.strip()
        assert code.title_en != code.title_vi
    assert any(not code.title_vi.isascii() for code in REASON_CODES.values())


def test_codes_are_unique_and_well_formed() -> None:
    for key, code in REASON_CODES.items():
        assert key == code.code
        assert code.code.startswith("R-")
        assert code.code == code.code.upper()


@pytest.mark.parametrize("stage", STAGES)
def test_every_feature_of_the_catalogue_has_a_named_code_and_both_descriptions(stage: str) -> None:
    for definition in catalogue(stage):
        feature = definition.feature
        code = code_of(feature)
        assert code in REASON_CODES, feature.name
        assert code != GENERIC, feature.name
        assert feature.description_en, feature.name
        assert feature.description_vi, feature.name


def test_an_unknown_family_falls_into_the_generic_code() -> None:
    assert code_of(_feature("astrology", "manifests.moon")) == GENERIC
    assert code_of(_feature("raw", "declarations.x_own")) == GENERIC


@pytest.mark.parametrize(
    ("family", "sources", "code"),
    [
        ("parties", ("manifests.consignee_id", "inspections.result"), "R-PARTY-HISTORY"),
        ("parties", ("manifests.consignee_id",), "R-PARTY"),
        ("commodity", ("manifests.commodity_code",), "R-COMMODITY"),
        ("valuation", ("declarations.customs_value",), "R-PRICE"),
        ("route", ("manifests.office", "inspections.result"), "R-OFFICE"),
        ("route", ("manifests.port_of_loading", "inspections.result"), "R-ROUTE-HISTORY"),
        ("consistency", ("manifests.packages", "declarations.packages"), "R-MISMATCH"),
        ("container", ("manifests.container_no",), "R-CONTAINER"),
        ("novelty", ("manifests.shipper_id",), "R-NOVELTY"),
        ("logistics", ("manifests.submitted_at", "manifests.arrival_at"), "R-TIMING"),
        ("logistics", ("manifests.gross_mass_kg",), "R-QUANTITY"),
        ("raw", ("declarations.lane",), "R-PROCEDURE"),
        ("raw", ("declarations.origin_country",), "R-ROUTE"),
    ],
)
def test_meaning_decides_the_code(family: str, sources: tuple[str, ...], code: str) -> None:
    assert code_of(_feature(family, *sources)) == code
