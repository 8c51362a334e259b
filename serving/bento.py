"""Builds a Bento: the service, the champions' exact files, and the pinned requirements.

``python -m serving.bento`` puts the champions of ``RISKML_HOME`` into a Bento in ``BENTOML_HOME``
and prints its tag. A Bento serves the models it was built with and no others: a promotion means
another Bento. Nothing is fetched while it is built.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from riskml import __version__
from riskml.bundle import Bundle
from riskml.config import STAGES, settings, silence_telemetry
from riskml.errors import BundleError, RiskmlError, ServiceError
from serving.models import ROOT

__all__ = ["build"]

_DESCRIPTION = """\
service: serving.service:RiskService
name: riskml
include: ["riskml/**", "serving/**", "champions/**"]
python:
  requirements_txt: requirements.txt
  lock_packages: false
"""


def build(champions: Mapping[str, Path], home: Path) -> str:
    """Build a Bento and return its tag.

    Parameters
    ----------
    champions : mapping of str to Path
        Bundle of each stage to ship; every file is verified first, and copied as it is.
    home : Path
        BentoML's store.

    Raises
    ------
    BundleError
        If a bundle is broken, or there is none.
    ServiceError
        If BentoML cannot build.
    """
    if not champions:
        raise BundleError("there is no champion to ship", "promote a model first")
    digests = [Bundle.load(folder).manifest.model_digest for folder in champions.values()]
    version = "-".join([__version__, *(digest[:12] for digest in digests)])
    with tempfile.TemporaryDirectory(prefix="riskml-bento-") as name:
        context = Path(name)
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "*.nbi", "*.nbc")
        for package in ("riskml", "serving"):
            shutil.copytree(ROOT / package, context / package, ignore=ignored)
        for stage, folder in champions.items():
            shutil.copytree(folder.resolve(), context / "champions" / stage)
        shutil.copy(ROOT / "requirements" / "serving.txt", context / "requirements.txt")
        (context / "bentofile.yaml").write_text(_DESCRIPTION)
        return _build(context, version, home)


def _build(context: Path, version: str, home: Path) -> str:
    command = [sys.executable, "-m", "bentoml", "build", str(context), "--version", version]
    home.mkdir(parents=True, exist_ok=True)
    # BentoML asks uv or pip, which lie beside the interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    variables = {"BENTOML_HOME": str(home.resolve()), "BENTOML_DO_NOT_TRACK": "true", "PATH": path}
    done = subprocess.run(  # noqa: S603 - our own program
        [*command, "--output", "tag"],
        env={**os.environ, **variables}, cwd=context, capture_output=True, text=True, check=False,
    )  # fmt: skip
    tags = [line for line in done.stdout.splitlines() if line.startswith("__tag__:")]
    if done.returncode or not tags:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise ServiceError(f"bentoml build failed: {last[0][:300]}", "see serving/OPERATIONS.md")
    return tags[-1].removeprefix("__tag__:")


def main() -> int:
    """Build a Bento of the champions at home."""
    parser = argparse.ArgumentParser(prog="python -m serving.bento", description=__doc__)
    parser.add_argument("--stage", action="append", choices=STAGES, help="default: all there are")
    stages = parser.parse_args().stage or STAGES
    silence_telemetry()
    champions = {stage: settings().champion_folder(stage) for stage in stages}
    found = {stage: folder for stage, folder in champions.items() if folder.is_dir()}
    home = Path(os.environ.get("BENTOML_HOME") or settings().home / "bentoml")
    try:
        tag = build(found, home)
    except RiskmlError as error:
        sys.stderr.write(f"riskml: error: {error}\n")
        return 1
    sys.stdout.write(f"{tag}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
