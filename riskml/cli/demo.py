"""``riskml demo``: the main job on the simulated world."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["command"]


def command(
    scale: Annotated[float, typer.Option(help="1.0 is the reference volume.")] = 0.3,
    seed: Annotated[int, typer.Option(help="Seed of the simulated world.")] = 7,
    port: Annotated[int, typer.Option(help="Port of the service; 0 takes a free one.")] = 0,
) -> None:
    """Simulate, train, promote, serve, score, verify and report, in minutes."""
    import riskml
    from riskml.errors import UsageError

    checkout = Path(riskml.__file__).resolve().parents[1]
    if not (checkout / "pipelines" / "demo.py").exists():
        raise UsageError("the demo runs from a checkout", "clone the repository, then make demo")
    options = ["--scale", str(scale), "--seed", str(seed), "--port", str(port)]
    code = subprocess.call(  # noqa: S603 - our own program
        [sys.executable, "-m", "pipelines.demo", *options],
        env=_environment(checkout),
    )
    raise typer.Exit(code)


def _environment(checkout: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(checkout)}
