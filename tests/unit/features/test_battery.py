"""Every feature passes the same checks."""

import numpy as np
import pandas as pd
import pytest

from riskml.config import STAGES
from riskml.datasets import Tables
from riskml.datasets.consignments import known_at
from riskml.features import FeatureSet
from riskml.features.catalogue import definitions_of, extra_columns, feature_set
from riskml.features.compute import compute_features
from riskml.features.derived import MADE_OF
from riskml.features.raw import MOST_PAIRED
from riskml.schemas import TABLES
from tests.support.small_world import small_world

OWN = {"pre_arrival": "manifests", "declaration": "declarations"}
FAMILIES_OF = {
    "pre_arrival": {
        "parties", "commodity", "route", "consistency", "container", "logistics", "novelty", "raw",
    },
    "declaration": {
        "parties", "commodity", "valuation", "route", "consistency", "container", "logistics",
        "novelty", "raw",
    },
}  # fmt: skip
PARTS = 4
"""Parts in which optional columns are left out; then all of them are."""
EVENT = {"manifests": "submitted_at", "declarations": "lodged_at"}


def features_of(tables: Tables, stage: str, features: FeatureSet | None = None) -> pd.DataFrame:
    chosen = feature_set(stage, extra_columns(tables, stage)) if features is None else features
    frame = compute_features(tables, stage, chosen)
    return frame.set_index("consignment_id")


@pytest.fixture(scope="module", params=STAGES)
def case(request):
    stage = request.param
    tables = small_world(3)
    features = feature_set(stage, extra_columns(tables, stage))
    return stage, tables, features, features_of(tables, stage, features)


def test_names_are_unique_and_described_in_both_languages(case):
    stage, _, features, _ = case
    assert len(set(features.names)) == len(features.names)
    assert {f.family for f in features.features} == FAMILIES_OF[stage]
    for feature in features.features:
        assert feature.description_en
        assert feature.description_vi
        assert feature.description_vi != feature.description_en
        assert feature.sign in (-1, 0, 1)


def test_every_source_is_a_column_of_a_table(case):
    _, tables, features, _ = case
    for feature in features.features:
        # The rate of everything alone reads no column but the outcome's.
        assert feature.sources, feature.name
        for source in feature.sources:
            table, column = source.split(".")
            assert TABLES[table].get(column) or column in getattr(tables, table), source


def test_columns_are_numbers_or_text_in_the_order_of_the_set(case):
    _, _, features, frame = case
    assert tuple(frame.columns[-len(features.names) :]) == features.names
    for feature in features.features:
        kind = frame[feature.name].dtype
        assert kind == (np.float64 if feature.kind == "number" else pd.StringDtype(na_value=np.nan))
        if feature.kind == "number":
            assert not np.isinf(frame[feature.name]).any(), feature.name


def test_every_feature_says_something_on_a_full_world(case):
    _, _, features, frame = case
    assert [name for name in features.names if frame[name].isna().all()] == []
    # What one world does not tell apart would pass every other check unseen.
    constant = {name for name in features.names if frame[name].nunique(dropna=False) < 2}
    assert constant <= {"invalid_container", "mode__value", "no_container"}


def test_row_order_changes_nothing(case):
    stage, tables, features, frame = case
    turned = Tables(
        **{
            name: getattr(tables, name).sample(frac=1, random_state=5).reset_index(drop=True)
            for name in ("manifests", "declarations", "inspections")
        }
    )
    pd.testing.assert_frame_equal(features_of(turned, stage, features), frame, check_exact=True)


def test_what_becomes_known_later_changes_nothing(case):
    stage, tables, features, frame = case
    instant = frame["decision_time"].sort_values().iloc[len(frame) // 2]
    early = frame[frame["decision_time"] <= instant]
    past = Tables(
        manifests=_known_before(tables.manifests, "submitted_at", instant, stage == "pre_arrival"),
        declarations=_known_before(
            tables.declarations, "lodged_at", instant, stage == "declaration"
        ),
        inspections=tables.inspections[
            (known_at(tables.inspections, "closed_at") < instant)
            | (tables.inspections["scanned_at"] < instant)
        ],
    )
    without = features_of(past, stage, features)
    pd.testing.assert_frame_equal(without.loc[early.index], early, check_exact=True)


def _known_before(rows: pd.DataFrame, event: str, instant: pd.Timestamp, own: bool) -> pd.DataFrame:
    """Keep what was known before, and the contents of the decisions themselves."""
    keep = known_at(rows, event) < instant
    if own:
        keep |= rows[event] <= instant
    return rows[keep].reset_index(drop=True)


def test_history_may_be_empty(case):
    stage, tables, features, _ = case
    own = getattr(tables, OWN[stage])
    for place in (0, 7):
        single = own.iloc[[place]].reset_index(drop=True)
        frame = features_of(Tables(**{OWN[stage]: single}), stage, features)
        _says_nothing_is_known(frame.iloc[0], single.iloc[0], features)


def test_what_was_never_seen_is_new_and_has_the_prior_as_its_rate(case):
    stage, tables, features, _ = case
    own = getattr(tables, OWN[stage]).copy()
    last = own[EVENT[OWN[stage]]].idxmax()
    bill = own.loc[last, "bill_no"]
    mine = (own["bill_no"] == bill).to_numpy()
    for column in own:
        if isinstance(own[column].dtype, pd.StringDtype) and column not in IDENTITY:
            own.loc[mine, column] = "99999999" if column == "commodity_code" else "never seen"
    frame = features_of(Tables(**{**_named(tables), OWN[stage]: own}), stage, features)
    row = frame[frame["bill_no"] == bill].iloc[0]
    line = own[mine].iloc[0].copy()
    line["container_no"] = row["container_no"]
    _says_nothing_is_known(row, line, features, seen=("container_no",))


def test_a_missing_key_yields_missing_values(case):
    stage, tables, features, _ = case
    own = getattr(tables, OWN[stage])
    keep = [c for c in own if c in REQUIRED and c != "commodity_code"]
    bare = own[keep].assign(container_no=None, office="O1")
    bare = bare.astype({"container_no": "str"})
    frame = features_of(
        Tables(**{OWN[stage]: bare, "inspections": tables.inspections}), stage, features
    )
    keyed = [
        d for d in definitions_of(features)
        if d.statistic is not None and set(d.statistic.key) - {"office"}
    ]  # fmt: skip
    assert len(keyed) > 50
    for definition in keyed:
        assert frame[definition.feature.name].isna().all(), definition.feature.name


def _says_nothing_is_known(row, line, features, seen=()):
    """Check every history feature of a consignment whose entities have no past."""
    for definition in definitions_of(features):
        statistic, name = definition.statistic, definition.feature.name
        if statistic is None:
            continue
        # A group has a party's number, whatever else it is found by.
        columns = [MADE_OF.get(column, (column,))[0] for column in statistic.key]
        if set(columns) & set(seen):
            continue
        if any(pd.isna(line[column]) if column in line else True for column in columns):
            assert np.isnan(row[name]), name
        elif statistic.kind in NONE_YET:
            assert row[name] == NONE_YET[statistic.kind], name
        elif statistic.kind.endswith("_rate"):
            assert 0.0 < row[name] < 1.0, name
        else:
            assert np.isnan(row[name]), name


NONE_YET = {
    "count": 0.0, "known": 0.0, "hits": 0.0, "suspicious": 0.0, "distinct": 0.0, "first_seen": 1.0,
}  # fmt: skip
"""What a count is before anything was seen; a rate is its prior, all else is missing."""


def _named(tables: Tables) -> dict[str, pd.DataFrame]:
    return {n: getattr(tables, n) for n in ("manifests", "declarations", "inspections")}


IDENTITY = {
    "bill_no", "container_no", "container_no_raw", "declaration_id",
}  # fmt: skip
REQUIRED = {
    *IDENTITY, "submitted_at", "office", "mode", "line_no", "lodged_at", "commodity_code",
    "revision", "recorded_at",
}  # fmt: skip


TELLS_OF_ABSENCE = {"no_container", "transshipped"}
"""Features that say of a column whether it holds anything."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS + 1))
def test_missing_columns_degrade_and_do_not_fail(case, part):
    stage, tables, features, frame = case
    used = sorted({source for f in features.features for source in f.sources})
    optional = [s for s in used if s.split(".")[1] not in REQUIRED and s != "inspections.result"]
    dropped = set(optional if part == PARTS else optional[part::PARTS])
    poorer = {
        name: rows.drop(columns=[c for c in rows if f"{name}.{c}" in dropped])
        for name, rows in _named(tables).items()
    }
    without = features_of(Tables(**poorer), stage, features)
    assert len(without) == len(frame)
    for feature in features.features:
        if set(feature.sources) <= dropped and feature.name not in TELLS_OF_ABSENCE:
            assert without[feature.name].isna().all(), feature.name


def test_a_table_may_be_missing(case):
    stage, tables, features, frame = case
    alone = features_of(Tables(**{OWN[stage]: getattr(tables, OWN[stage])}), stage, features)
    assert len(alone) == len(frame) or stage == "declaration"
    for feature in features.features:
        tables_of = {source.split(".")[0] for source in feature.sources}
        if tables_of == {"manifests"} and stage == "declaration":
            assert alone[feature.name].isna().all(), feature.name


def test_pre_arrival_has_the_consignee_features_of_the_contract():
    names = feature_set("pre_arrival").names
    for kind in ("count", "known", "hits"):
        for days in (30, 90, 365):
            assert f"consignee_id__{kind}__{days}d" in names


def test_the_digest_changes_with_any_word():
    features = feature_set("pre_arrival")
    again = FeatureSet.from_dict(features.to_dict())
    assert again == features
    assert again.digest == features.digest
    other = feature_set("declaration")
    assert other.digest != features.digest
    extra = feature_set("declaration", [("x_purpose", "category")])
    assert extra.digest != other.digest
    assert FeatureSet.from_dict(extra.to_dict()).digest == extra.digest


def test_own_categories_are_known_in_pairs_and_with_the_goods():
    extras = [("x_form", "category"), ("x_price", "number"), ("x_purpose", "category")]
    names = set(feature_set("declaration", extras).names)
    pairs = {"x_form.x_purpose", "commodity_code.x_form", "origin_country.x_purpose"}
    assert {f"{pair}__hit_rate" for pair in pairs} <= names
    assert not [name for name in names if "x_price" in name and "." in name]
    # Pairs grow with the square of the columns, so they end where there are many.
    many = [(f"x_{number:02}", "category") for number in range(MOST_PAIRED + 3)]
    paired = {name for name in feature_set("declaration", many).names if ".x_" in name}
    assert f"x_00.x_{MOST_PAIRED - 1:02}__hit_rate" in paired
    assert not [name for name in paired if f".x_{MOST_PAIRED:02}" in name and "office" not in name]


def test_a_difference_is_shown():
    features = feature_set("pre_arrival")
    names = [*features.names[1:], "surprise"]
    assert features.difference(names) == [f"- {features.names[0]}", "+ surprise"]
