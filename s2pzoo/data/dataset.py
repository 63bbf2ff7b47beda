"""What can be trained and evaluated on: photos of things with drawings of them, as a plugin's dataset gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from s2pzoo.errors import DataError
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry


class Dataset(Protocol):
    """Photos (S,S,3) and drawings (S,S) of them, float32 in [0,1], by index.

    Attributes:
        size: S.
        tags: of each photo; "person" says whose it is, or which thing.
        digest: what tells one dataset from another.
    """

    @property
    def size(self) -> int: ...

    @property
    def tags(self) -> Sequence[Mapping[str, str]]: ...

    @property
    def digest(self) -> str: ...

    def __len__(self) -> int: ...

    def photo(self, index: int) -> NDArray[np.float32]:
        """The photo."""
        ...

    def clean(self, index: int) -> NDArray[np.float32]:
        """The canonical clean drawing of it, always the same."""
        ...

    def sketch(self, index: int, rng: np.random.Generator, *, level: str) -> NDArray[np.float32]:
        """A random drawing of it, at a level of roughness (`imaging.rough.LEVELS`)."""
        ...


def open_dataset(folder: Path, *, name: str = "") -> Dataset:
    """The dataset in a folder.

    Args:
        name: of the declared dataset, `plugin/dataset`; by default the first that can read the folder.

    Raises:
        DataError: none can.
        UnknownDatasetError, PluginError: no such dataset.
    """
    return read_declared(Path(folder), name, paired=True)


def read_declared(folder: Path, name: str, *, paired: bool, **how: Any) -> Any:
    """What the dataset `name`, or the first of its kind that can, reads in a folder; errors as of `open_dataset`."""
    known = [entry for entry in default_registry().datasets() if entry.paired == paired]
    names = ", ".join(entry.name for entry in known)
    fix = f"These are known: {names}." if known else "Install a plugin with datasets, such as s2pzoo-faces."
    if name and default_registry().dataset(name).paired != paired:
        kind = "pairs of drawings and photos" if paired else "drawings and photos that nothing pairs"
        raise DataError(f"{name} has no {kind}.", why="Those are wanted here.", fix=fix)
    problems = []
    for entry in [default_registry().dataset(name)] if name else known:
        try:
            return load_object(entry.reader)(folder, **how)
        except DataError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    why = "\n".join(error.what for error in problems)
    raise DataError(f"{folder} is no dataset that is known here.", why=why, fix=fix)


def open_joined(folder: Path, *, name: str = "") -> Dataset:
    """The dataset in a folder; those of the folders a and b beside each other, as one, where it is called `a+b`."""
    joined = [open_dataset(folder.with_name(one), name=name) for one in folder.name.split("+")]
    return joined[0] if len(joined) == 1 else Several(joined)


class Several:
    """Datasets as one: the first of each in turn, then the second of each; as long as the shortest allows."""

    def __init__(self, datasets: list[Dataset]) -> None:
        self.datasets = datasets
        self.size = datasets[0].size
        self.length = min(map(len, datasets)) * len(datasets)
        self.tags = [self._at(index)[0].tags[self._at(index)[1]] for index in range(self.length)]

    def __len__(self) -> int:
        return self.length

    @property
    def digest(self) -> str:
        """Of all."""
        return "+".join(dataset.digest for dataset in self.datasets)

    def photo(self, index: int) -> NDArray[np.float32]:
        dataset, at = self._at(index)
        return dataset.photo(at)

    def clean(self, index: int) -> NDArray[np.float32]:
        dataset, at = self._at(index)
        return dataset.clean(at)

    def sketch(self, index: int, rng: np.random.Generator, *, level: str) -> NDArray[np.float32]:
        dataset, at = self._at(index)
        return dataset.sketch(at, rng, level=level)

    def _at(self, index: int) -> tuple[Dataset, int]:
        return self.datasets[index % len(self.datasets)], index // len(self.datasets)


def evenly(total: int, count: int) -> NDArray[np.int_]:
    """`count` of `total` indices, or all if there are fewer, ascending and evenly spread."""
    return np.unique(np.linspace(0, total - 1, min(total, count)).round().astype(int))
