"""The rules of the house, checked on every run."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "riskml").rglob("*.py"), *(ROOT / "serving").rglob("*.py")])


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def packages_after(statement: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_after(statement)}


def test_importing_riskml_loads_nothing_heavy():
    assert not packages_after("import riskml") & {"numpy", "pandas", "lightgbm", "sqlalchemy"}


def test_the_command_line_starts_without_the_heavy_libraries():
    heavy = {"pandas", "lightgbm", "mlflow", "optuna", "bentoml", "shap", "matplotlib", "numba"}
    assert not packages_after("import riskml.cli") & {*heavy, "dask", "distributed"}


def test_dask_is_loaded_when_a_cluster_is_asked_for_and_not_before():
    assert not packages_after("import riskml.cluster, riskml.history.distributed") & {
        "dask",
        "distributed",
    }


@pytest.mark.slow
def test_the_floors_of_the_house_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout


def test_nothing_is_unpickled():
    word = re.compile(r"\b(pickle|joblib|cloudpickle|dill)\b|allow_pickle=True")
    found = [p for p in SOURCES if word.search(p.read_text())]
    assert found == []


def test_the_truth_is_read_by_no_training_code():
    # The world writes it; the laboratory hands out outcomes and rehearses its references by it.
    known = {
        str(path.relative_to(ROOT / "riskml"))
        for path in (ROOT / "riskml").rglob("*.py")
        if "truth.parquet" in path.read_text() and "simulation" not in path.parts
    }
    assert known == {"cli/simulate.py", "policy/truth.py"}


@pytest.mark.slow
def test_training_does_not_even_load_the_simulated_world():
    names = ("dataset", "fitting", "estimator", "tuning", "gates", "tracking")
    loaded = modules_after(
        "; ".join(["import riskml.scoring", *(f"import riskml.training.{name}" for name in names)])
    )
    assert "riskml.training.fitting" in loaded
    apart = ("riskml.datasets.simulation", "riskml.policy")
    assert not [name for name in loaded if name.startswith(apart)]


def test_every_pin_satisfies_its_floor():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = [*project["dependencies"]]
    for name, extra in project["optional-dependencies"].items():
        # What benchmarks compare with is installed by whoever compares; it is not pinned.
        direct += [] if name == "peers" else extra
    pins = dict(
        line.split("==") for line in (ROOT / "requirements/all.txt").read_text().split() if line
    )
    for text in direct:
        need = Requirement(text)
        assert need.specifier, f"{need.name} has no floor"
        assert Version(pins[need.name.lower()]) in need.specifier


@pytest.mark.parametrize("name", sorted(p.name for p in (ROOT / "requirements").glob("*.txt")))
def test_pins_name_no_address(name):
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert all("==" in line for line in text.splitlines())


def test_the_service_does_not_install_what_only_training_needs():
    serving = (ROOT / "requirements/serving.txt").read_text()
    assert not re.search(r"^(mlflow|optuna|shap|matplotlib)\b", serving, re.MULTILINE)
    core = (ROOT / "requirements/core.txt").read_text()
    assert not re.search(r"^(bentoml|mlflow|dask)\b", core, re.MULTILINE)
