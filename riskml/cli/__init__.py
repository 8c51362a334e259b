"""The ``riskml`` command: one module per command, heavy imports inside the functions."""

import importlib
import sys

import typer

from riskml.cli.console import fail
from riskml.config import silence_telemetry
from riskml.errors import RiskmlError

__all__ = ["app", "main"]

app = typer.Typer(
    name="riskml",
    help="Customs risk scoring: which containers deserve the scanner, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS = (
    "simulate",
    "ingest",
    "features",
    "tune",
    "train",
    "evaluate",
    "backtest",
    "promote",
    "score",
    "select",
    "publish",
    "serve",
    "outcomes",
    "report",
    "ledger",
    "keys",
    "users",
    "demo",
)
"""Each is a module of this package with a function ``command`` or a Typer ``app``."""


def _register() -> None:
    for name in COMMANDS:
        module = importlib.import_module(f"riskml.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name=name)(module.command)


_register()


def main() -> None:
    """Run the command line; an error of ours becomes one line and an exit code."""
    silence_telemetry()
    try:
        app()
    except RiskmlError as error:
        fail(error)
    except BrokenPipeError:
        sys.exit(1)
