"""Compile exact pins from the floors in pyproject.toml, without any index address."""

import subprocess
import sys
from pathlib import Path

FILES = {
    "all.txt": ["--all-extras"],
    "core.txt": [],
    "serving.txt": ["--extra", "serving"],
    "training.txt": ["--extra", "training", "--extra", "reports"],
}
"""Pins file to the extras it covers; ``all.txt`` constrains the others."""


def main() -> None:
    """Write every pins file; the smaller ones take their versions from ``all.txt``."""
    folder = Path(__file__).parent
    for name, extras in FILES.items():
        constraint = [] if name == "all.txt" else ["--constraint", str(folder / "all.txt")]
        command = [
            sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", "3.11",
            *extras, *constraint, "--no-emit-index-url", "--no-annotate", "--no-header",
            str(folder.parent / "pyproject.toml"), "--output-file", str(folder / name),
        ]  # fmt: skip
        subprocess.run(command, check=True)  # noqa: S603 - fixed arguments


if __name__ == "__main__":
    main()
