"""The wheel holds what the library reads at run time, and works away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("riskml-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_data_file_of_the_package_is_in_it(unpacked: Path) -> None:
    def data_files(home: Path) -> set[str]:
        found = (path for path in home.rglob("*") if path.is_file())
        names = {path.relative_to(home).as_posix() for path in found}
        return {name for name in names if "__pycache__" not in name}

    missing = data_files(ROOT / "riskml") - data_files(unpacked / "riskml")
    assert not missing


def test_it_works_away_from_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    program = (
        "import riskml\n"
        "from riskml.training.definition import default_definition, load_definition\n"
        "path = default_definition('declaration')\n"
        "assert load_definition(path).stage == 'declaration'\n"
        "print(riskml.__file__, path)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "RISKML_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.count(str(unpacked)) == 2
