"""Every feature passes the same checks."""

import numpy as np
import pandas as pd
import pytest

from riskml.config import STAGES
from riskml.datasets import Tables
from riskml.datasets.consignments import known_at
from riskml.features import FeatureSet
from riskml.features.catalogue import extra_columns, feature_set
from riskml.features.compute import compute_features
from tests.support.small_world import small_world

OWN = {"pre_arrival": "manifests", "declaration": "declarations"}
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
    _, _, features, _ = case
    assert len(set(features.names)) == len(features.names)
    for feature in features.features:
        assert feature.description_en
        assert feature.description_vi
        assert feature.description_vi != feature.description_en
        assert feature.sources
        assert feature.sign in (-1, 0, 1)


def test_columns_are_numbers_or_text_in_the_order_of_the_set(case):
    _, _, features, frame = case
    assert tuple(frame.columns[-len(features.names) :]) == features.names
    for feature in features.features:
        kind = frame[feature.name].dtype
        assert kind == (np.float64 if feature.kind == "number" else pd.StringDtype(na_value=np.nan))


def test_most_features_say_something_on_a_full_world(case):
    _, _, _, frame = case
    silent = [name for name in frame if frame[name].isna().all()]
    # Columns that the small world does not fill; everything else must have a value.
    assert set(silent) <= {
        "declaration_id", "notify_id", "cargo_type__value", "container_type__value",
        "procedure__value", "lane__value", "preference_code__value", "payment_type__value",
        "quantity_unit__value", "log_quantity", "log_net_mass", "transshipped",
        "transshipment_port__value",
        *(n for n in frame if n.startswith(("notify_id__", "transshipment_port__"))),
    }  # fmt: skip


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
    single = own.iloc[[0]].reset_index(drop=True)
    frame = features_of(Tables(**{OWN[stage]: single}), stage, features)
    party = "consignee_id" if stage == "pre_arrival" else "importer_id"
    if pd.notna(single[party].iloc[0]):
        assert frame[f"{party}__count__365d"].iloc[0] == 0.0
        assert frame[f"{party}__first_seen"].iloc[0] == 1.0
        assert 0.0 < frame[f"{party}__hit_rate__365d"].iloc[0] < 1.0
    else:
        assert np.isnan(frame[f"{party}__count__365d"].iloc[0])


def test_an_unseen_party_is_new_and_has_the_prior_as_its_rate(case):
    stage, tables, features, _ = case
    party = "consignee_id" if stage == "pre_arrival" else "importer_id"
    own = getattr(tables, OWN[stage]).copy()
    last = own[EVENT[OWN[stage]]].idxmax()
    bill = own.loc[last, "bill_no"]
    own.loc[own["bill_no"] == bill, party] = "never seen"
    tables = Tables(**{**_named(tables), OWN[stage]: own})
    row = features_of(tables, stage, features)
    row = row[row["bill_no"] == bill].iloc[0]
    assert row[f"{party}__count__365d"] == 0.0
    assert row[f"{party}__known__365d"] == 0.0
    assert row[f"{party}__first_seen"] == 1.0
    assert 0.0 < row[f"{party}__hit_rate"] < 1.0
    assert np.isnan(row[f"{party}__days_since_last"])


def _named(tables: Tables) -> dict[str, pd.DataFrame]:
    return {n: getattr(tables, n) for n in ("manifests", "declarations", "inspections")}


REQUIRED = {
    "bill_no", "container_no", "container_no_raw", "submitted_at", "office", "mode",
    "declaration_id", "line_no", "lodged_at", "commodity_code", "revision", "recorded_at",
}  # fmt: skip


@pytest.mark.slow
def test_a_missing_column_degrades_and_does_not_fail(case):
    stage, tables, features, frame = case
    optional = [c for c in getattr(tables, OWN[stage]) if c not in REQUIRED]
    for column in optional:
        poorer = getattr(tables, OWN[stage]).drop(columns=column)
        without = features_of(Tables(**{**_named(tables), OWN[stage]: poorer}), stage, features)
        assert len(without) == len(frame)
        depends = [f.name for f in features.features if f.sources == (f"{OWN[stage]}.{column}",)]
        for name in depends:
            assert without[name].isna().all(), f"{name} without {column}"


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


def test_a_difference_is_shown():
    features = feature_set("pre_arrival")
    names = [*features.names[1:], "surprise"]
    assert features.difference(names) == [f"- {features.names[0]}", "+ surprise"]
