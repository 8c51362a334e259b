from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from riskml.datasets.simulation.configuration import (
    build_config,
    describe_parameters,
    load_config,
)
from riskml.errors import ConfigError

OFFICE: dict[str, Any] = {
    "name": "A",
    "arrivals": 1.0,
    "scans": 10,
    "hit_rate": 0.01,
    "discharge": "VNHPH",
    "scanners": 1,
    "modes": {"sea": 1.0, "road": 0.0, "air": 0.0, "rail": 0.0},
}


def test_every_parameter_says_where_it_comes_from() -> None:
    rows = describe_parameters()
    assert len(rows) > 150
    for row in rows:
        sources = ("published", "measured", "assumed")
        assert any(source in row["description"] for source in sources), row["key"]


def test_published_figures_are_in_the_default_world() -> None:
    config = load_config()
    offices = {office.name: office for office in config.offices}
    assert sum(office.scans for office in config.offices) == 6198
    assert offices["Hai Phong"].scans == 2699
    assert offices["Da Nang"].scans == 127
    assert offices["Ho Chi Minh City"].scans == 1163
    assert offices["Hai Phong"].hit_rate == pytest.approx(22 / 2699, rel=1e-4)
    assert offices["Da Nang"].hit_rate == pytest.approx(3 / 127, rel=1e-4)
    assert offices["Ho Chi Minh City"].hit_rate == pytest.approx(5 / 1163, rel=1e-4)
    found = sum(office.hit_rate * office.scans for office in config.offices)
    assert found == pytest.approx(31, abs=0.01)
    assert config.reference.suspicion_rate == pytest.approx(144 / 6198, rel=1e-4)


def test_a_file_names_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "world.toml"
    path.write_text("[policy]\nexploration = 0.5\n", encoding="utf-8")
    config = load_config(path)
    assert config.policy.exploration == 0.5
    assert config.policy.duty == load_config().policy.duty


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"policy": {"exploration": 1.5}}, "policy.exploration"),
        ({"policy": {"exploration": 0.0}}, "policy.exploration"),
        ({"policy": {"exploraton": 0.5}}, "policy.exploraton"),
        ({"weather": {}}, "weather"),
        ({"inspection": {"delay_median_days": -1.0}}, "inspection.delay_median_days"),
        ({"inspection": {"delay_p90_days": 1.0}}, "delay_p90_days"),
        ({"schemes": {"concealment": {"sensitivity": 1.2}}}, "schemes.concealment.sensitivity"),
        ({"parties": {"bad_volume": float("nan")}}, "parties.bad_volume"),
        ({"volume": {"weekdays": [1.0, 1.0]}}, "volume.weekdays"),
        ({"offices": [{**OFFICE, "scans": 0}]}, "offices[0].scans"),
        ({"offices": [{k: v for k, v in OFFICE.items() if k != "scans"}]}, "offices[0].scans"),
        ({"offices": [OFFICE, OFFICE]}, "offices"),
        ({"offices": []}, "offices"),
        ({"offices": [{**OFFICE, "scans": 200_000}]}, "offices.scans"),
        ({"offices": [OFFICE, {**OFFICE, "name": "B", "arrivals": 1e-5}]}, "B scans more"),
        ({"reference": {"last": "2020-01-01"}}, "last lies before first"),
        ({"offices": [{**OFFICE, "modes": {**OFFICE["modes"], "air": 0.5}}]}, "offices[0].modes"),
        ({"adaptation": {"goods": 1.2}}, "adaptation.goods"),
        ({"adaptation": {"memory_days": 0.0}}, "adaptation.memory_days"),
        ({"adaptation": {"pressure": -0.5}}, "adaptation.pressure"),
    ],
)
def test_an_impossible_parameter_is_refused_by_its_key(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(changes, "world.toml")
    assert key in str(caught.value)
    assert "world.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def numbers(section: BaseModel, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the place of every number outside the offices, section by section."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from numbers(value, (*above, name))
        elif field.annotation in (int, float):
            yield (*above, name)


def nested(place: tuple[str, ...], value: object) -> dict[str, Any]:
    return {place[0]: nested(place[1:], value) if len(place) > 1 else value}


def test_every_number_has_bounds_and_is_refused_beyond_them_by_its_key() -> None:
    places = list(numbers(load_config()))
    assert len(places) > 120
    for place in places:
        for impossible in (-1e9, float("nan"), float("inf"), "much"):
            with pytest.raises(ConfigError) as caught:
                build_config(nested(place, impossible), "world.toml")
            assert ".".join(place) in str(caught.value), place
    office = [name for name, value in OFFICE.items() if isinstance(value, int | float)]
    assert len(office) == 4
    for name in office:
        for impossible in (-1e9, float("nan"), 0):
            with pytest.raises(ConfigError) as caught:
                build_config({"offices": [{**OFFICE, name: impossible}]}, "world.toml")
            assert f"offices[0].{name}" in str(caught.value)


def test_a_share_above_one_is_refused_whichever_it_is() -> None:
    shares = [place for place in numbers(load_config()) if "hare" in described(place)]
    assert len(shares) > 50
    for place in shares:
        with pytest.raises(ConfigError) as caught:
            build_config(nested(place, 1.01), "world.toml")
        assert ".".join(place) in str(caught.value), place


def described(place: tuple[str, ...]) -> str:
    """Return what a parameter is, where its type is that of a share."""
    section: Any = load_config()
    for name in place[:-1]:
        section = getattr(section, name)
    field = type(section).model_fields[place[-1]]
    bounded = any(getattr(bound, "le", None) == 1.0 for bound in field.metadata)
    return str(field.description) if bounded else ""


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[policy\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no TOML file"):
        load_config(broken)
