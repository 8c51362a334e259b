"""Every text of the review pages that is to be translated, found in templates and code."""

import ast
from pathlib import Path

from babel.messages.extract import extract_from_dir

__all__ = ["ROOT", "messages"]

ROOT = Path(__file__).resolve().parents[2] / "serving" / "review"


def messages() -> set[str]:
    """Return the English texts; of one with a plural the singular."""
    found = extract_from_dir(
        str(ROOT / "templates"),
        method_map=[("**.j2", "jinja2")],
        keywords={"_": None, "ngettext": (1, 2)},
    )
    texts = {_first(text) for _, _, text, _, _ in found}
    for source in ROOT.glob("*.py"):
        texts |= _marked(source)
    return texts


def _first(text: object) -> str:
    return str(text[0]) if isinstance(text, tuple) else str(text)


def _marked(source: Path) -> set[str]:
    """Return the texts that ``N_("...")`` marks."""
    calls = (node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Call))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id == "N_"
        and isinstance(call.args[0], ast.Constant)
    }
