"""A study's outcome as a model definition that ``riskml train --model`` takes."""

from pathlib import Path

from riskml.errors import DataError
from riskml.files import whole_file
from riskml.training.tuning.tune import Tuned

__all__ = ["definition_toml", "write_definition"]


def definition_toml(tuned: Tuned) -> str:
    """Return the definition as TOML, with a line on where its parameters come from.

    Notes
    -----
    Reading it back gives an equal definition: every setting is written, the search space as well,
    so that it can be tuned again.
    """
    import tomli_w

    origin = (
        f"parameters of trial {tuned.best_trial}"
        if tuned.adopted
        else "parameters unchanged: no trial was told apart from them"
    )
    head = (
        f"# Written by riskml tune, study {tuned.study}, {len(tuned.trials)} trials:\n"
        f"# {origin}. Objective: {tuned.objective}.\n\n"
    )
    data = tuned.definition.model_dump(mode="json", exclude_none=True)
    return head + tomli_w.dumps(data)


def write_definition(tuned: Tuned, path: Path) -> Path:
    """Write the definition; the file appears complete or not at all. Returns its path.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, private=False) as file:
            file.write(definition_toml(tuned).encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"cannot write {path}: {reason}", "give another --out") from error
    return path
