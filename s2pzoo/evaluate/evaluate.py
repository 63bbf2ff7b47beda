"""Methods against each other on photos that were held out, at every level of roughness.

All methods see the same sketches. LPIPS-squeeze and SSIM compare a photo with the truth, on photos evenly spread over
the people; FID-squeeze compares all n photos with the n true ones.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

import s2pzoo
from s2pzoo.data.dataset import open_dataset
from s2pzoo.errors import UsageError
from s2pzoo.evaluate.contenders import Contender, load_contenders
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.evaluate.heldout import HeldOut
from s2pzoo.evaluate.journal import JOURNAL, Journal, key_of
from s2pzoo.evaluate.methods import Method
from s2pzoo.evaluate.paired import LpipsSqueeze, ssim
from s2pzoo.evaluate.progress import Progress, Work
from s2pzoo.evaluate.scores import Evaluation, Protocol, Score
from s2pzoo.evaluate.table import write_tables
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.nn.squeezenet import SqueezeBackbone, backbone_name, load_backbone, squeeze_features
from s2pzoo.pipeline.inputs import to_images


class Evaluator:
    """Methods, a dataset and a protocol, checked against each other; nothing has run yet.

    Args:
        methods: see s2pzoo.evaluate.methods.
        data: folder of a dataset of people, or things, held out.
        dataset: which declared dataset it is, `plugin/dataset`; by default the first that can read the folder.
        gallery: folder of the training's dataset, for the method `nearest`.
        backbone: a local file of backbone weights; None for torchvision's standard ones.

    Raises:
        DataError: no dataset, too few photos, or a gallery with people of the data.
        UsageError: a method that does not fit the dataset.
        S2PZooError: as `load`.
    """

    def __init__(
        self,
        methods: Sequence[Method],
        *,
        data: Path,
        dataset: str = "",
        gallery: Path | None = None,
        backbone: Path | None = None,
        protocol: Protocol | None = None,
    ) -> None:
        self.held = HeldOut(open_dataset(data, name=dataset), protocol or Protocol())
        self.protocol = self.held.protocol
        self.size = self.protocol.size or self.held.data.size
        shown = open_dataset(gallery, name=dataset) if gallery else None
        if shown:
            self.held.refuse_shared_people(shown)
        self.contenders = load_contenders(methods, gallery=shown)
        for contender in self.contenders:
            if contender.size != self.held.data.size:
                raise UsageError(
                    f"{contender.label} takes sketches of {contender.size} pixels.",
                    why=f"The photos of {Path(data).name} have {self.held.data.size}.",
                )
            if contender.photo_size < self.size:
                raise UsageError(
                    f"{contender.label} makes photos of {contender.photo_size} pixels.",
                    why=f"They are to be compared at {self.size}.",
                    fix=f"Compare all at the smaller size: --size {contender.photo_size}.",
                )
        self.backbone: SqueezeBackbone = load_backbone(backbone)  # last: it may be downloaded
        self._backbone_name = backbone_name(backbone)
        n, paired = self.protocol.n, self.protocol.paired
        self.text = (
            f"FID: FID-squeeze of n = {n} photos to the true ones ({self.held.people} people, "
            f"dataset {Path(data).name}, compared at {self.size} pixels). LPIPS: LPIPS-squeeze; with SSIM, the mean "
            f"over {paired} of these, evenly spread over the people. All methods see the same sketches, seed "
            f"{self.protocol.seed}. Backbone: {self._backbone_name}."
        )

    def run(self, *, out: Path | None = None, progress: Progress | None = None) -> Evaluation:
        """Measure every method at every level, but for what `out` holds from an earlier run of the same.

        Args:
            out: folder for metrics.json, metrics.md and the scores as they come. Made if missing.
            progress: see Progress.

        Raises:
            OutputError: `out` cannot be written.
        """
        journal = Journal(out / JOURNAL if out else None)
        keys = {(c.label, level): self._key(c, level) for level in self.protocol.levels for c in self.contenders}
        missing = {
            level: {keys[c.label, level]: c for c in self.contenders if keys[c.label, level] not in journal}
            for level in self.protocol.levels
        }
        passes = sum(1 + len(rest) for rest in missing.values() if rest)
        if passes:
            self._measure(missing, journal, Work(progress, total=self.protocol.n * (1 + passes)))
        scores = [
            attrs.evolve(Score(**journal[keys[c.label, level]]), method=c.label, protocol=self.text)
            for c in self.contenders
            for level in self.protocol.levels
        ]
        evaluation = Evaluation(scores=scores, protocol=self.text)
        if out:
            write_tables(evaluation, out)
        return evaluation

    def sheet(self, *, count: int = 8, cell: int = 192) -> Image.Image:
        """A picture to look at: at each level a row for each of `count` photos; sketch, every method, truth.

        It holds the dataset's photos.
        """
        shown = self.held.spread(count)
        truth = to_images(self._true(shown))
        rows, labels = [], []
        for level in self.protocol.levels:
            sketches = self.held.sketches(level, shown)
            columns = [
                to_images(sketches.float() / 255),
                *(to_images(self._made(c, sketches)) for c in self.contenders),
                truth,
            ]
            rows += [list(row) for row in zip(*columns, strict=True)]
            labels += [level] * len(shown)
        headers = ["sketch", *(contender.label for contender in self.contenders), "truth"]
        return contact_sheet(rows, headers, cell=cell, labels=labels)

    def _measure(self, missing: dict[str, dict[str, Contender]], journal: Journal, work: Work) -> None:
        lpips = LpipsSqueeze(backbone=self.backbone)
        truth = []
        for part in self.held.batches():
            truth.append(squeeze_features(self._true(part), backbone=self.backbone))
            work.advance("true photos", len(part))
        real = torch.cat(truth)
        for level, rest in missing.items():
            sketches = []
            for part in self.held.batches() if rest else ():
                sketches.append(self.held.sketches(level, part))
                work.advance(f"{level} sketches", len(part))
            for key, contender in rest.items():
                score = self._score(contender, level, sketches, real, lpips, work)
                journal.add(key, attrs.asdict(score))

    def _score(
        self,
        contender: Contender,
        level: str,
        sketches: Sequence[Tensor],
        truth: Tensor,
        lpips: LpipsSqueeze,
        work: Work,
    ) -> Score:
        features, distances, alike, seconds = [], [], [], 0.0
        for part, sketch in zip(self.held.batches(), sketches, strict=True):
            started = time.perf_counter()
            photos = self._made(contender, sketch)
            seconds += time.perf_counter() - started
            features.append(squeeze_features(photos, backbone=self.backbone))
            pairs = [index for index in part if index in self.held.paired]
            if pairs:
                fake, real = photos[[index - part[0] for index in pairs]], self._true(pairs)
                distances.append(lpips(fake, real))
                alike.append(ssim(fake, real))
            work.advance(f"{contender.label}, {level}", len(part))
        return Score(
            method=contender.label,
            model=contender.model,
            weights=dict(contender.weights),
            options=dict(contender.options),
            level=level,
            lpips=float(torch.cat(distances).mean()),
            ssim=float(torch.cat(alike).mean()),
            fid=frechet_distance(torch.cat(features), truth),
            n=self.protocol.n,
            paired=self.protocol.paired,
            seconds=round(seconds, 3),
            protocol=self.text,
        )

    def _made(self, contender: Contender, sketches: Tensor) -> Tensor:
        with torch.no_grad():
            made = [contender.make(part.float() / 255) for part in sketches.split(self.protocol.batch)]
        return self._compared(torch.cat(made))

    def _true(self, indices: Sequence[int]) -> Tensor:
        return self._compared(self.held.photos(indices))

    def _compared(self, photos: Tensor) -> Tensor:
        """Photos at the side at which all are compared."""
        return photos if photos.shape[-1] == self.size else F.adaptive_avg_pool2d(photos, self.size)

    def _key(self, contender: Contender, level: str) -> str:
        """What a score depends on, hashed."""
        return key_of(
            contender.fingerprint, level, self.held.data.digest, self.protocol.n, self.protocol.paired,
            self.protocol.seed, self._backbone_name, s2pzoo.__version__, *([self.size] if self.protocol.size else []),
        )  # fmt: skip
