"""Methods against each other on sketches and photos that nothing pairs: do their photos look like photos?

All methods see the same sketches, each at its own size, and all their photos are compared with the same true ones by
FID-squeeze and unit KID-squeeze; so is the gray stage, where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import torch
from torch import Tensor

import s2pzoo
from s2pzoo.errors import UsageError
from s2pzoo.evaluate.contenders import Contender, load_contenders
from s2pzoo.evaluate.diversity import mean_pairwise
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.evaluate.journal import JOURNAL, Journal, key_of
from s2pzoo.evaluate.kid import kernel_distance
from s2pzoo.evaluate.making import Making, Stages, colour_option, stages_of
from s2pzoo.evaluate.methods import NEAREST, PHOTOS, Method
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.evaluate.progress import Progress, Work
from s2pzoo.evaluate.table import write_tables
from s2pzoo.evaluate.unpaired_data import FLOOR, Floor, Pictures, Split, floor, stages_of_photos
from s2pzoo.evaluate.unpaired_scores import UnpairedEvaluation, UnpairedScore, check_label
from s2pzoo.nn.squeezenet import SqueezeBackbone, backbone_name, load_backbone, squeeze_features
from s2pzoo.pipeline.run import Pipeline

_USUAL = 2048  # photos for an FID, by habit: Inception has this many features. SqueezeNet has 512


class UnpairedEvaluator:
    """Methods and a collection, checked against each other; nothing has run yet.

    Args:
        methods: see s2pzoo.evaluate.methods. `photos` is the floor, and has the size of the first model.
        data: folder of an unpaired collection; it is read at the size of each model.
        dataset: which declared dataset it is, `plugin/dataset`; by default the first that can read the folder.
        backbone: a local file of backbone weights; None for torchvision's standard ones.
        split: of the sketches, and of the photos they are compared with.
        n: sketches at most, evenly spread; None for all of the split.
        batch: pictures that run together; no figure depends on it but for rounding.
        against: label of the method by whose FID all are divided; None for the first.

    Raises:
        DataError: no collection, or fewer than two sketches or photos in the split.
        UsageError: no model, one that makes neither photos nor gray ones, `nearest`, an unknown label.
        S2PZooError: as `load`.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        *,
        data: Path,
        dataset: str = "",
        backbone: Path | None = None,
        split: Split = "test",
        n: int | None = None,
        batch: int = 16,
        against: str | None = None,
    ) -> None:
        models = [method for method in methods if method.model != PHOTOS]
        if not models:
            raise UsageError("No model was named.", why=f"{PHOTOS} is what models are measured by.", fix="Name one.")
        if any(method.model == NEAREST for method in models):
            raise UsageError(f"{NEAREST} needs photos with sketches.", fix=f"The control here is {PHOTOS}.")
        labels = [method.label for method in methods]
        self.against = check_label(against, labels) if against else labels[0]
        self.data, self.batch = Path(data), batch
        self.split: Split = split
        contenders = load_contenders(models)
        for contender in contenders:
            stages_of(_pipeline(contender))
        sizes = dict.fromkeys(contender.size for contender in contenders)
        self.pictures = {size: Pictures(self.data, size=size, split=split, n=n, dataset=dataset) for size in sizes}
        first = self.pictures[contenders[0].size]
        named = {contender.label: contender for contender in contenders}
        self.entries = [
            named.get(label) or floor(label, self.data, first, split=split, dataset=dataset) for label in labels
        ]
        self.backbone: SqueezeBackbone = load_backbone(backbone)  # last: it may be downloaded
        self._backbone_name = backbone_name(backbone)
        self.text = self._protocol(first)

    def run(self, *, out: Path | None = None, progress: Progress | None = None) -> UnpairedEvaluation:
        """Measure every method, but for what `out` holds from an earlier run of the same.

        Args:
            out: folder for metrics.json, metrics.md and the scores as they come. Made if missing.
            progress: see Progress.

        Raises:
            OutputError: `out` cannot be written.
        """
        journal = Journal(out / JOURNAL if out else None)
        keys = {entry.label: self._key(entry) for entry in self.entries}
        missing = [entry for entry in self.entries if keys[entry.label] not in journal]
        sizes = dict.fromkeys(entry.size for entry in missing)
        truths = sum(len(self.pictures[size].photos) for size in sizes)
        work = Work(progress, total=truths + sum(map(self._effort, missing)))
        for size in sizes:
            truth = self._features("true photos", self._real(self.pictures[size].photos), work)
            for entry in missing:
                if entry.size == size:
                    journal.add(keys[entry.label], attrs.asdict(self._score(entry, truth, work)))
        scores = [attrs.evolve(UnpairedScore(**journal[keys[one.label]]), method=one.label) for one in self.entries]
        evaluation = UnpairedEvaluation(scores=scores, against=self.against, protocol=self.text)
        if out:
            write_tables(evaluation, out)
        return evaluation

    def _score(self, entry: Contender | Floor, truth: Stages, work: Work) -> UnpairedScore:
        seconds = diversity = None
        if isinstance(entry, Floor):
            made = self._features(entry.label, self._real(entry.photos), work)
            truth = truth if entry.real is None else self._features(entry.label, self._real(entry.real), work)
        else:
            sketches = self.pictures[entry.size].sketches
            making = Making(_pipeline(entry), sketches, batch=self.batch, options=entry.options)
            made = self._features(entry.label, making, work)
            seconds = making.seconds / len(sketches)
            diversity = self._diversity(entry, work) if "photo" in made else None
        fid = {stage: frechet_distance(features, truth[stage]) for stage, features in made.items()}
        return UnpairedScore(
            method=entry.label,
            model=entry.model,
            weights=dict(entry.weights),
            options=dict(entry.options),
            size=entry.size,
            n=len(next(iter(made.values()))),
            photos=len(truth["photo"]),
            fid=fid.get("photo"),
            kid=kernel_distance(made["photo"], truth["photo"]) if "photo" in made else None,
            gray_fid=fid.get("gray"),
            diversity=diversity,
            seconds=seconds,
        )

    def _features(self, what: str, batches: Iterable[Stages], work: Work) -> Stages:
        """Features (N,512) of every stage."""
        found: dict[str, list[Tensor]] = {}
        for batch in batches:
            for stage, images in batch.items():
                found.setdefault(stage, []).append(squeeze_features(images, backbone=self.backbone).cpu())
            work.advance(what, len(next(iter(batch.values()))))
        return {stage: torch.cat(parts) for stage, parts in found.items()}

    def _real(self, photos: Tensor) -> Iterable[Stages]:
        return stages_of_photos(photos, batch=self.batch)

    def _diversity(self, contender: Contender, work: Work) -> float:
        """0 without references."""
        pipeline, pictures = _pipeline(contender), self.pictures[contender.size]
        colours = colour_option(pipeline)
        if colours is None:
            return 0.0
        lpips, distances = LpipsSqueeze(backbone=self.backbone), []
        for part in pictures.varied.split(self.batch):
            coloured = ({**contender.options, colours: file} for file in pictures.references)
            makings = (Making(pipeline, part, batch=self.batch, options=options) for options in coloured)
            distances.append(mean_pairwise([made["photo"] for making in makings for made in making], lpips))
            work.advance(f"{contender.label}, diversity", len(part))
        return float(torch.cat(distances).mean())

    def _effort(self, entry: Contender | Floor) -> int:
        """How many pictures have to be looked at."""
        if isinstance(entry, Floor):
            return len(entry.photos) + (0 if entry.real is None else len(entry.real))
        pictures = self.pictures[entry.size]
        return len(pictures.sketches) + (len(pictures.varied) if colour_option(_pipeline(entry)) else 0)

    def _key(self, entry: Contender | Floor) -> str:
        """What a score depends on, hashed."""
        return key_of(
            entry.fingerprint, self.split, self.pictures[entry.size].digest, self._backbone_name, s2pzoo.__version__
        )

    def _protocol(self, first: Pictures) -> str:
        n, photos = len(first.sketches), len(first.photos)
        part = "all of it" if self.split == "all" else f"{self.split} split"
        said = [
            f"Collection {self.data.resolve().name}, {part}, {' and '.join(map(str, self.pictures))} pixels: photos of "
            f"n = {n} sketches, compared with {photos} photos that nothing pairs with them.",
            "Methods of different sizes do not compare." if len(self.pictures) > 1 else "",
            "FID: FID-squeeze; unit KID: KID-squeeze of features brought to unit size; gray FID: FID-squeeze of the "
            "gray stage to the gray photos.",
            f"Diversity: LPIPS-squeeze between the photos of one sketch in the colours of {len(first.references)} "
            f"photos, the mean over {len(first.varied)} sketches; 0 for a method without references.",
        ]
        if min(n, photos) < _USUAL:
            said.append(f"Below {_USUAL} pictures FID is biased upwards, the more the fewer they are; unit KID is not.")
        if any(isinstance(entry, Floor) for entry in self.entries):
            instead, real = FLOOR[self.split]
            said.append(f"The floor: photos of the {instead} split, compared with those of the {real} split.")
        return " ".join(filter(None, [*said, f"Backbone: {self._backbone_name}."]))


def _pipeline(contender: Contender) -> Pipeline:
    assert contender.pipeline is not None  # `nearest` alone has none
    return contender.pipeline
