"""Studies: a photo is shown for a moment, people draw it from memory, models paint it, and whoever drew judges.

Two questions, as in two-alternative studies of DeepFaceDrawing's kind: how near is this to what you meant (1 to 5), and
which of two is nearer. A study is a folder: study.json, photos/, drawings/PAINTER/, made/PAINTER/PHOTO/, answers.jsonl.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from attrs import frozen
from scipy.stats import binomtest

from s2pzoo.errors import BadInputError, OutputError, UsageError
from s2pzoo.imaging.photo import read_picture
from s2pzoo.imaging.write import claim, write_bytes, write_image
from s2pzoo.spec.fields import knob, read
from s2pzoo.spec.reading import UnreadableError, read_json

STUDY, ANSWERS = "study.json", "answers.jsonl"
SIDE = 512
"""Of photos that are shown, in pixels."""

MEANT = (1, 5)
"""Not at all, to exactly, what was meant."""

_RESAMPLED = 2000


@frozen(kw_only=True)
class Study:
    """What is shown, and whose pictures are judged.

    Attributes:
        folder: of the study.
        models: `family.variant`, two or more for the second question.
        photos: names of the photos, in the order in which they are shown.
        seconds: for which each is seen.
        seed: of the order of pictures, and of what models draw at random.
    """

    folder: Path = Path()
    models: tuple[str, ...] = ()
    photos: tuple[str, ...] = ()
    seconds: float = knob(5.0, low=0.1)
    seed: int = 0

    def photo(self, name: str) -> Path:
        """The file of a photo."""
        return self.folder / "photos" / f"{name}.png"

    def drawing(self, painter: str, name: str) -> Path | None:
        """What the painter drew of it, so far."""
        return next(iter((self.folder / "drawings" / painter).glob(f"{_escaped(name)}.*")), None)

    def made(self, painter: str, name: str, model: str) -> Path:
        """The file of what a model made of the drawing."""
        return self.folder / "made" / painter / name / f"{model}.png"

    def order(self, painter: str, name: str) -> list[str]:
        """The models as this painter sees them, without names: the same at every look."""
        told = [self.seed, *painter.encode(), 0, *name.encode()]
        return [self.models[index] for index in np.random.default_rng(told).permutation(len(self.models))]

    def answers(self) -> list[dict[str, Any]]:
        """All of them, the newest of each painter and photo."""
        file = self.folder / ANSWERS
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        kept: dict[tuple[str, str], dict[str, Any]] = {}
        for number, line in enumerate(lines, 1):
            try:
                one = json.loads(line)
                kept[one["painter"], one["photo"]] = one
            except (ValueError, KeyError, TypeError) as error:
                if number < len(lines):  # the last may have been cut off
                    raise BadInputError(f"{file}, line {number} is no answer.", why=str(error)) from error
        return list(kept.values())

    def left(self, painter: str) -> list[str]:
        """The photos that this painter has not judged."""
        done = {one["photo"] for one in self.answers() if one["painter"] == painter}
        return [name for name in self.photos if name not in done]

    def answer(self, painter: str, name: str, meant: Sequence[int], better: Sequence[Sequence[int]]) -> None:
        """Keep what a painter says, by places in `order`: `meant` of each, `better` pairs of (nearer, other).

        Raises:
            BadInputError: it does not answer the questions.
        """
        order = self.order(painter, name)
        pairs = {frozenset(pair) for pair in itertools.combinations(range(len(order)), 2)}
        scored = len(meant) == len(order) and all(one in range(MEANT[0], MEANT[1] + 1) for one in meant)
        if name not in self.photos or not scored or {frozenset(one) for one in better} != pairs:
            raise BadInputError("This does not answer the questions.", why="One of them is missing.")
        told = {
            "painter": painter, "photo": name, "meant": dict(zip(order, meant, strict=True)),
            "better": [[order[a], order[b]] for a, b in better], "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }  # fmt: skip
        file = self.folder / ANSWERS
        before = file.read_text("utf-8") if file.exists() else ""
        whole = before[: before.rfind("\n") + 1]  # a last line that was cut off is no answer
        write_bytes(f"{whole}{json.dumps(told)}\n".encode(), file)


def new_study(
    folder: Path, photos: Mapping[str, Path], models: Sequence[str], *, seconds: float = 5.0, seed: int = 0
) -> Study:
    """Write a new study: the photos, read and square, in an order of their own.

    Raises:
        UsageError: no model, or the same one twice.
        BadInputError: a photo that cannot be read.
        OutputError: there is a study already; it cannot be written.
    """
    if not models or len(set(models)) < len(models):
        raise UsageError("A study wants models.", why="Each is named once.", fix="Give one or several: -m NAME.")
    if (folder / STUDY).exists():
        raise OutputError(f"{folder} is a study already.", fix="Go on with `s2pzoo study run`, or name another folder.")
    names = [list(photos)[index] for index in np.random.default_rng(seed).permutation(len(photos))]
    study = Study(folder=folder, models=tuple(models), photos=tuple(names), seconds=seconds, seed=seed)
    pictures = {name: read_picture(photos[name], size=SIDE) for name in names}
    claim(folder, [STUDY, "photos"], advice="Name another folder.")
    for name, picture in pictures.items():
        write_image(picture, study.photo(name))
    told = attrs.asdict(study, filter=lambda field, _: field.name != "folder")
    write_bytes(f"{json.dumps(told, indent=2)}\n".encode(), folder / STUDY)
    return study


def open_study(folder: Path) -> Study:
    """The study in a folder.

    Raises:
        BadInputError: there is none.
    """
    try:
        told = read_json(folder / STUDY)
    except (FileNotFoundError, NotADirectoryError, UnreadableError) as error:
        why = "It has no study.json." if not isinstance(error, UnreadableError) else str(error)
        raise BadInputError(f"{folder} is no study.", why=why, fix="`s2pzoo study new` writes one.") from error
    return attrs.evolve(read(Study, told, what=f"{folder / STUDY}", error=BadInputError), folder=folder)


def report(study: Study) -> dict[str, Any]:
    """What the answers come to.

    `models`: the mean of `meant`, with 95 % of means of painters, and photos of each, drawn anew with replacement.
    `pairs`: how often one was nearer than the other, with Wilson's interval of 95 %, and the p of a fair coin.
    """
    answers = study.answers()
    models = []
    for model in study.models:
        by_painter: dict[str, list[int]] = {}
        for one in answers:
            by_painter.setdefault(one["painter"], []).append(one["meant"][model])
        low, high = _resampled(list(by_painter.values()))
        scores = [score for some in by_painter.values() for score in some]
        mean = float(np.mean(scores)) if scores else None
        models.append({"model": model, "judged": len(scores), "meant": mean, "low": low, "high": high})
    pairs = []
    for a, b in itertools.combinations(study.models, 2):
        won = [pair[0] == a for one in answers for pair in one["better"] if set(pair) == {a, b}]
        tested = binomtest(sum(won), len(won)) if won else None
        within = tested.proportion_ci(method="wilson") if tested else None
        pairs.append({
            "a": a, "b": b, "judged": len(won), "nearer": float(np.mean(won)) if won else None,
            "low": within and float(within.low), "high": within and float(within.high),
            "p": tested and float(tested.pvalue),
        })  # fmt: skip
    painters = sorted({one["painter"] for one in answers})
    return {"painters": len(painters), "photos": len(study.photos), "models": models, "pairs": pairs}


def rows(study: Study) -> list[dict[str, Any]]:
    """Every answer as a row: painter, photo, question, model, other, value."""
    out = []
    for one in study.answers():
        who = {"painter": one["painter"], "photo": one["photo"]}
        out += [
            {**who, "question": "meant", "model": model, "other": "", "value": score}
            for model, score in one["meant"].items()
        ]
        out += [{**who, "question": "nearer", "model": a, "other": b, "value": 1} for a, b in one["better"]]
    return out


def _resampled(groups: Sequence[Sequence[int]]) -> tuple[float | None, float | None]:
    """95 % of the means of groups drawn anew, and of what is in each; None of fewer than two numbers."""
    if sum(map(len, groups)) < 2:
        return None, None
    rng = np.random.default_rng(0)
    means = []
    for _ in range(_RESAMPLED):
        some = [groups[index] for index in rng.integers(len(groups), size=len(groups))]
        means.append(np.concatenate([rng.choice(one, len(one)) for one in some]).mean())
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _escaped(name: str) -> str:
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)
