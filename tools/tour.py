"""Runs docs/tour.ipynb in a kernel of its own and keeps what its cells gave: python tools/tour.py"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

TOUR = Path(__file__).parents[1] / "docs" / "tour.ipynb"


def executed(path: Path = TOUR) -> nbformat.NotebookNode:
    """The notebook after a run from its first cell to its last. Raises CellExecutionError where one fails."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("language_info", None)  # it names this machine's Python
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/jpeg", None)  # the same picture as the PNG
    return notebook


if __name__ == "__main__":
    nbformat.write(executed(), TOUR)
