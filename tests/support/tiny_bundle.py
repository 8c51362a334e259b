"""Small real bundles for tests: LightGBM on random columns, in a second or less."""

from collections.abc import Mapping

import lightgbm as lgb
import numpy as np

from riskml.bundle import Bundle, Calibrator, Encoder, Manifest, TrainingWindow
from riskml.features import Feature, FeatureSet

__all__ = ["assemble", "random_columns", "small_set", "tiny_bundle"]


def small_set(stage: str = "pre_arrival") -> FeatureSet:
    """Return a feature set with a member of several families, one of them a category."""
    made = [
        ("consignee_id__hits__365d", "number", "parties",
         ("manifests.consignee_id", "inspections.result")),
        ("consignee_id__count__365d", "number", "parties", ("manifests.consignee_id",)),
        ("port_of_loading__hit_rate", "number", "route",
         ("manifests.port_of_loading", "inspections.result")),
        ("invalid_container", "number", "container", ("manifests.container_no",)),
        ("lead_time_hours", "number", "logistics",
         ("manifests.submitted_at", "manifests.arrival_at")),
        ("cargo_type", "category", "raw", ("manifests.cargo_type",)),
    ]  # fmt: skip
    features = tuple(
        Feature(name, kind, family, f"English of {name}", f"Tiếng Việt của {name}", "", 0, sources)
        for name, kind, family, sources in made
    )
    return FeatureSet("small", 1, stage, features)


def random_columns(features: FeatureSet, rows: int, seed: int) -> dict[str, np.ndarray]:
    """Return random columns with a tenth of the values missing."""
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for feature in features.features:
        missing = rng.random(rows) < 0.1
        if feature.kind == "category":
            values = rng.choice(np.array(["FCL", "LCL", "empty"], dtype=object), rows)
            columns[feature.name] = np.where(missing, None, values)
        else:
            columns[feature.name] = np.where(missing, np.nan, rng.normal(3.0, 2.0, rows))
    return columns


def tiny_bundle(
    features: FeatureSet,
    columns: Mapping[str, np.ndarray],
    labels: np.ndarray,
    *,
    seed: int = 1,
    trees: int = 20,
) -> Bundle:
    """Train on given columns and labels."""
    encoder = Encoder.fit(columns, features)
    matrix = encoder.encode(columns)
    parameters = {
        "objective": "binary", "seed": seed, "num_threads": 1, "verbosity": -1,
        "deterministic": True, "force_row_wise": True, "num_leaves": 15, "min_data_in_leaf": 5,
    }  # fmt: skip
    positions = [i for i, f in enumerate(features.features) if f.kind == "category"]
    data = lgb.Dataset(
        matrix, labels, feature_name=list(features.names), categorical_feature=positions
    )
    booster = lgb.train(parameters, data, num_boost_round=trees)
    return assemble(features, encoder, booster.model_to_string())


def assemble(features: FeatureSet, encoder: Encoder, booster_text: str) -> Bundle:
    """Put a bundle together with a manifest of test values."""
    window = TrainingWindow("2020-01-01", "2020-06-01", "2020-07-01", 1000, 100, 30.0)
    manifest = Manifest(
        stage=features.stage,
        model_name=f"tiny-{features.stage}",
        created_at="2020-07-01T00:00:00Z",
        training_window=window,
        data_digests={},
        feature_set_digest=features.digest,
        definition_digest="",
        packages={},
    )
    return Bundle.assemble(booster_text, Calibrator("platt", 1.1, 1.1, -0.3), encoder, manifest)
