import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from riskml.bundle import Bundle, Calibrator, Encoder, Manifest, TrainingWindow
from riskml.bundle.bundle import booster_names
from riskml.bundle.files import canonical_json, digest_of
from riskml.errors import BundleError, DataError, UsageError
from tests.oracles.synthetic import make_world

FILES = ("booster.txt", "calibrator.json", "features.json", "manifest.json")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    world = make_world(1200)
    frame = world.labelled
    encoder = Encoder.fit(frame, world.feature_set)
    data = lgb.Dataset(
        encoder.encode(frame),
        frame["label"].to_numpy(),
        feature_name=booster_names(world.feature_set),
        categorical_feature=[4],
    )
    options = {"objective": "binary", "seed": 1, "num_threads": 1, "verbosity": -1}
    text = lgb.train(options, data, 12).model_to_string()
    window = TrainingWindow("2021-01-01", "2022-01-01", "2022-02-01", len(frame), 40, 9.5)
    manifest = Manifest(
        "declaration",
        "riskml-declaration",
        "2022-02-01",
        window,
        {"declarations": "0" * 64},
        world.feature_set.digest,
        "1" * 64,
        {"lightgbm": lgb.__version__},
        metrics={"average_precision": {"value": 0.3, "low": None, "high": None}},
        notes=("a note",),
    )
    return Bundle.assemble(text, Calibrator("platt", 0.9, 0.9, 0.1), encoder, manifest)


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    return bundle.save(tmp_path / "bundle")


def test_it_comes_back_as_it_was(bundle: Bundle, folder: Path) -> None:
    again = Bundle.load(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert again.manifest == bundle.manifest
    assert again.feature_set == bundle.feature_set
    X = bundle.encode(make_world(300, seed=1).frame)
    assert again.raw_scores(X).tobytes() == bundle.raw_scores(X).tobytes()
    assert again.contributions(X).tobytes() == bundle.contributions(X).tobytes()


def test_a_row_has_the_same_score_in_any_batch(bundle: Bundle) -> None:
    X = bundle.encode(make_world(200, seed=2).frame)
    together = bundle.raw_scores(X)
    alone = [float(bundle.raw_scores(X[row : row + 1])[0]) for row in range(len(X))]
    assert together.tolist() == alone


def test_contributions_add_up_to_the_raw_score(bundle: Bundle) -> None:
    X = bundle.encode(make_world(100, seed=3).frame)
    contributions = bundle.contributions(X)
    assert contributions.shape == (100, 6)
    np.testing.assert_allclose(contributions.sum(axis=1), bundle.raw_scores(X), atol=1e-9)
    assert len(set(contributions[:, -1].tolist())) == 1


def test_no_row_is_answered_with_nothing(bundle: Bundle) -> None:
    empty = np.empty((0, 5))
    assert bundle.raw_scores(empty).shape == (0,)
    assert bundle.contributions(empty).shape == (0, 6)
    assert bundle.probabilities([]).shape == (0,)


def test_a_matrix_of_another_width_is_refused(bundle: Bundle) -> None:
    with pytest.raises(DataError, match=r"\(2, 4\), the model 5 features"):
        bundle.raw_scores(np.zeros((2, 4)))


@pytest.mark.parametrize("name", FILES)
def test_any_changed_byte_is_refused(folder: Path, name: str) -> None:
    # Law: whichever byte of whichever file is changed, the bundle does not load.
    content = (folder / name).read_bytes()
    for position in np.linspace(0, len(content) - 1, 40).astype(int).tolist():
        changed = bytearray(content)
        changed[position] ^= 1
        (folder / name).write_bytes(bytes(changed))
        with pytest.raises(BundleError) as caught:
            Bundle.load(folder)
        assert caught.value.remedy
        assert "\n" not in str(caught.value)
    (folder / name).write_bytes(content)
    Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    for size in (0, 1, len(content) // 2, len(content) - 1):
        (folder / name).write_bytes(content[:size])
        with pytest.raises(BundleError, match=name.split(".")[0]):
            Bundle.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing"):
        Bundle.load(folder)


def test_an_extra_file_is_refused_by_name(folder: Path) -> None:
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n")
    with pytest.raises(BundleError, match=r"model\.pkl is not listed"):
        Bundle.load(folder)


def reseal(folder: Path, **changes: object) -> None:
    """Rewrite the manifest with a digest that is right, as a forger or another version would."""
    data = json.loads((folder / "manifest.json").read_text())
    data.pop("manifest_digest")
    data.update(changes)
    sealed = {**data, "manifest_digest": digest_of(canonical_json(data))}
    (folder / "manifest.json").write_bytes(canonical_json(sealed))


def test_another_format_version_is_refused(folder: Path) -> None:
    reseal(folder, format_version=2)
    with pytest.raises(BundleError, match="format version 2, this riskml reads 1"):
        Bundle.load(folder)


def test_an_unknown_manifest_field_is_refused(folder: Path) -> None:
    reseal(folder, pickle="yes")
    with pytest.raises(BundleError, match="pickle"):
        Bundle.load(folder)


def test_a_listed_file_outside_the_folder_is_refused(folder: Path) -> None:
    files = json.loads((folder / "manifest.json").read_text())["files"]
    reseal(folder, files={**files, "../secret": "0"})
    with pytest.raises(BundleError, match="outside the folder"):
        Bundle.load(folder)


def test_features_in_another_order_are_refused(bundle: Bundle) -> None:
    reordered = replace(bundle.feature_set, features=bundle.feature_set.features[::-1])
    encoder = Encoder(reordered, bundle.encoder.vocabularies)
    with pytest.raises(BundleError, match="same names in another order"):
        Bundle.assemble(bundle.booster_text, bundle.calibrator, encoder, bundle.manifest)
    fewer = replace(bundle.feature_set, features=bundle.feature_set.features[1:])
    with pytest.raises(BundleError, match=r"\+ importer_id__hit_rate"):
        Bundle.assemble(
            bundle.booster_text,
            bundle.calibrator,
            Encoder(fewer, bundle.encoder.vocabularies),
            bundle.manifest,
        )


def test_no_folder_and_no_bundle_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle folder"):
        Bundle.load(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"manifest\.json is missing"):
        Bundle.load(tmp_path / "empty")


def test_saving_replaces_a_bundle_but_nothing_else(bundle: Bundle, tmp_path: Path) -> None:
    folder = bundle.save(tmp_path / "bundle")
    bundle.save(folder)
    Bundle.load(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="exists and is no bundle"):
        bundle.save(precious)
    assert (precious / "thesis.txt").read_text() == "years of work"


def test_a_failed_write_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="cannot write bundle"):
        bundle.save(tmp_path / "file" / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_model_digest_is_the_models_not_the_folders(bundle: Bundle, tmp_path: Path) -> None:
    noted = replace(bundle, manifest=replace(bundle.manifest, notes=("another",)))
    again = Bundle.load(noted.save(tmp_path / "noted"))
    assert again.manifest.model_digest == bundle.manifest.model_digest
    other = Bundle.assemble(
        bundle.booster_text, Calibrator("identity"), bundle.encoder, bundle.manifest
    )
    assert other.manifest.model_digest != bundle.manifest.model_digest


def test_the_stage_is_checked(bundle: Bundle) -> None:
    bundle.require_stage("declaration")
    with pytest.raises(UsageError, match="decides at stage declaration, not pre_arrival"):
        bundle.require_stage("pre_arrival")


def test_a_link_may_be_moved_while_it_is_read(bundle: Bundle, tmp_path: Path) -> None:
    target = bundle.save(tmp_path / "one")
    link = tmp_path / "champion"
    link.symlink_to("one")
    assert Bundle.load(link).manifest == bundle.manifest
    shutil.rmtree(target)
    with pytest.raises(BundleError, match="no bundle folder"):
        Bundle.load(link)


@pytest.mark.slow
@pytest.mark.slow
def test_importing_it_loads_no_training_library() -> None:
    code = (
        "import sys, riskml.bundle; "
        "sys.exit(str([m for m in ('mlflow', 'optuna', 'shap', 'matplotlib') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"
