import pandas as pd
import pytest
from stdnum import iso6346

from riskml.datasets.simulation import SimulatedWorld
from riskml.schemas import TABLES, country_codes


@pytest.mark.parametrize("name", ["manifests", "declarations", "inspections"])
def test_columns_are_those_of_the_vocabulary_in_normal_form(
    small: SimulatedWorld, name: str
) -> None:
    frame, schema = getattr(small, name), TABLES[name]
    assert set(frame.columns) <= set(schema.names)
    assert set(schema.required) <= set(frame.columns)
    for column in schema.columns:
        if column.name not in frame:
            continue
        dtype = str(frame[column.name].dtype)
        if column.kind == "time":
            assert dtype == "datetime64[us, UTC]", column.name
        elif column.is_number:
            assert dtype == ("int64" if column.name in ("line_no", "revision") else "float64")
        else:
            assert dtype == "str", column.name
        if column.required:
            assert frame[column.name].notna().all(), column.name
        if column.choices:
            assert set(frame[column.name].dropna()) <= set(column.choices)


def test_rows_are_identified(small: SimulatedWorld) -> None:
    keys = ["bill_no", "container_no", "revision"]
    assert not small.manifests.duplicated(keys).any()
    assert not small.declarations.duplicated(["declaration_id", "line_no", "revision"]).any()
    assert not small.inspections["inspection_id"].duplicated().any()
    assert not small.inspections.duplicated(["bill_no", "container_no"]).any()
    assert not small.truth.duplicated(["bill_no", "container_no"]).any()
    first = small.manifests[small.manifests["revision"] == 0]
    assert len(first) == len(small.truth)
    assert len(first.merge(small.truth, on=["bill_no", "container_no"])) == len(first)
    merged = first.merge(small.truth, on=["bill_no", "container_no"])
    assert (merged["submitted_at"] == merged["decision_time"]).all()


def test_codes_are_valid(small: SimulatedWorld) -> None:
    assert all(iso6346.is_valid(n) for n in small.manifests["container_no"].unique())
    countries = pd.concat(
        [small.declarations["origin_country"], small.declarations["departure_country"]]
    )
    assert set(countries) <= country_codes()
    for column in ("port_of_loading", "transshipment_port", "port_of_discharge"):
        ports = small.manifests[column].dropna()
        assert ports.str.fullmatch("[A-Z]{2}[A-Z2-9]{3}").all()
        assert set(ports.str[:2]) <= country_codes()
    assert small.declarations["commodity_code"].str.fullmatch("[0-9]{8}").all()


def test_ordinary_complications_are_there(small: SimulatedWorld) -> None:
    manifests, declarations = small.manifests, small.declarations
    assert set(manifests["mode"]) == {"sea", "road", "air", "rail"}
    assert set(manifests["cargo_type"]) == {"FCL", "LCL", "empty", "transit"}
    first = manifests[manifests["revision"] == 0]
    groupage = first[first["cargo_type"] == "LCL"]
    shared = groupage.groupby(["container_no", "arrival_at"])["bill_no"].nunique()
    assert (shared > 1).mean() > 0.3
    assert (first.groupby("bill_no").size() > 5).any()
    assert (declarations["line_no"] > 3).any()
    whole_bill = declarations["container_no"].isna()
    assert 0.05 < whole_bill.mean() < 0.95
    per_bill = declarations.groupby("bill_no")["declaration_id"].nunique()
    assert 0.001 < (per_bill > 1).mean() < 0.03
    for frame in (manifests, declarations):
        assert (frame["revision"] == 1).any()
        assert (frame.loc[frame["revision"] == 0, "recorded_at"].notna()).any()
    vietnamese = manifests["goods_description"].dropna().str.contains("[ạảấầểộưđ]")
    assert 0.05 < vietnamese.mean() < 0.6


def test_things_happen_in_their_order(small: SimulatedWorld) -> None:
    manifests, inspections = small.manifests, small.inspections
    assert (manifests["submitted_at"] < manifests["arrival_at"]).all()
    for frame, event in ((manifests, "submitted_at"), (small.declarations, "lodged_at")):
        late = frame["recorded_at"].dropna()
        assert (late >= frame.loc[late.index, event]).all()
    rows = inspections.merge(manifests[manifests["revision"] == 0], on=["bill_no", "container_no"])
    assert (rows["selected_at"] > rows["submitted_at"]).all()
    assert (rows["selected_at"] > rows["arrival_at"]).all()
    assert (rows["scanned_at"] > rows["selected_at"]).all()
    assert (rows["reviewed_at"] >= rows["scanned_at"]).all()
    opened = rows[rows["opened_at"].notna()]
    assert (opened["opened_at"] > opened["reviewed_at"]).all()
    closed = rows[rows["closed_at"].notna()]
    assert (closed["closed_at"] >= closed["reviewed_at"]).all()
    assert (opened["closed_at"] >= opened["opened_at"]).all()
    lodged = small.declarations.groupby("bill_no")["lodged_at"].min()
    after = manifests.groupby("bill_no")["submitted_at"].min().reindex(lodged.index) < lodged
    assert after.mean() > 0.98


def test_selection_and_scan_fall_on_one_day_in_utc_and_locally(small: SimulatedWorld) -> None:
    rows = small.inspections
    zones = ("UTC", "Asia/Ho_Chi_Minh")
    days = [rows[c].dt.tz_convert(z).dt.date for c in ("selected_at", "scanned_at") for z in zones]
    assert all((day == days[0]).all() for day in days)


def test_outcomes_are_two_stages(small: SimulatedWorld) -> None:
    rows = small.inspections
    opened = rows["opened_at"].notna()
    assert (rows["result"].notna() == opened).all()
    clear = rows["scan_finding"] == "clear"
    assert rows.loc[clear & ~opened, "closed_at"].notna().all()
    # A suspicious image that nobody followed up stays an open case.
    assert rows.loc[~clear & ~opened, "closed_at"].isna().all()
    found = rows["result"] == "violation"
    assert (rows["violation_type"].notna() == found).all()
    assert (rows.loc[found, "revenue_recovered"] > 0).all()
    assert rows.loc[found, "severity"].between(1, 5).all()
    assert (rows.loc[opened & ~found, "revenue_recovered"] == 0).all()
    truth = rows[found].merge(small.truth, on=["bill_no", "container_no"])
    assert (truth["violation"] == 1).all()
    assert (truth["violation_type_x"] == truth["violation_type_y"]).all()
    assert (truth["revenue_recovered"] <= truth["revenue"] + 0.01).all()


def test_amounts_make_sense(small: SimulatedWorld) -> None:
    lines = small.declarations
    for column in ("customs_value", "gross_mass_kg", "packages", "quantity"):
        assert (lines[column] > 0).all()
    assert (
        lines["net_mass_kg"].dropna() <= lines.loc[lines["net_mass_kg"].notna(), "gross_mass_kg"]
    ).all()
    duty = lines["customs_value"] * lines["duty_rate"] / 100
    assert (duty - lines["duty_amount"]).abs().max() < 0.01
    assert lines["duty_rate"].between(0, 100).all()
    assert small.manifests["gross_mass_kg"].between(1, 40_000).all()
