"""Every notebook runs from top to bottom."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]


@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # raised inside jupyter's own code
@pytest.mark.filterwarnings("ignore:.*:ResourceWarning")  # sockets of the kernel, closed late
@pytest.mark.parametrize("source", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda p: p.stem)
def test_a_notebook_runs_and_says_something(source, tmp_path, monkeypatch):
    monkeypatch.setenv("RISKML_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = jupytext.read(source)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert cells[-1].outputs[0]["text"].strip()
