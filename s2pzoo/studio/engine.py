"""The models of a studio, and the one thread that runs them for all pages: in turn, the newest request of each pane."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import threading
import time
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from PIL import Image
from torch import Tensor

import s2pzoo
from s2pzoo.errors import BadInputError, Remark, S2PZooError, UnexpectedError, UsageError
from s2pzoo.host.guard import ours
from s2pzoo.host.plugin import load_object
from s2pzoo.imaging.pixels import from_bytes
from s2pzoo.imaging.read import BLANK_INK
from s2pzoo.imaging.resize import resize_square
from s2pzoo.imaging.write import described as described_file
from s2pzoo.pipeline.inputs import Inputs, as_picture, to_images
from s2pzoo.pipeline.result import KEY
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.model import ToolEntry
from s2pzoo.studio.describe import described
from s2pzoo.studio.live import Live
from s2pzoo.studio.pictures import Pictures
from s2pzoo.studio.wire import Request, pack

HELD = 3
"""Models that are held at once; of more, the one that was used longest ago goes."""

TOLD_EVERY = 0.1  # seconds between pictures of a search

Tell = Callable[[bytes], None]


@frozen(kw_only=True, eq=False)
class Page:
    """One open page. `tell` sends it a message; it is called from the engine's thread.

    Attributes:
        waiting: pane -> its newest request that has not begun, and the parts of it.
        drawings: pane -> the bytes of its drawing.
        live: pane -> what its photo was made of.
    """

    tell: Tell
    waiting: OrderedDict[str, tuple[Request, list[bytes]]] = field(factory=OrderedDict)
    drawings: dict[str, bytes] = field(factory=dict)
    live: dict[str, Live] = field(factory=dict)
    stopped: set[str] = field(factory=set)


class Engine:
    """Begin it with `start`, end it with `close`.

    Args:
        pictures: that pages uploaded.
        device, runtime: as for `s2pzoo.load`.
    """

    def __init__(self, pictures: Pictures, *, device: str = "cpu", runtime: str = "eager") -> None:
        self.pictures = pictures
        self.how: dict[str, Any] = {"device": device, "runtime": runtime}
        self._pipelines: OrderedDict[str, Pipeline] = OrderedDict()
        self._turns: deque[Page | Callable[[], None]] = deque()
        self._news = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="s2pzoo studio", daemon=True)

    def start(self) -> Engine:
        """Itself, at work."""
        self._thread.start()
        return self

    def close(self) -> None:
        """What runs is finished, what waits is not begun."""
        with self._news:
            self._open = False
            self._turns.clear()
            self._news.notify_all()
        self._thread.join(timeout=10)

    # What pages ask for. Any thread.

    def ask(self, page: Page, wanted: Request, parts: list[bytes]) -> None:
        """Have it answered by `page.tell`, unless a newer request of its pane comes before its turn."""
        with self._news:
            if wanted.do == "stop":
                page.stopped.add(wanted.pane)
                return
            dropped = page.waiting.pop(wanted.pane, None)
            if dropped:
                older, theirs = dropped
                if wanted.drawing is None and older.drawing is not None and older.drawing < len(theirs):
                    page.drawings[wanted.pane] = theirs[older.drawing]
                page.tell(pack({**_head(older), "names": [], "last": True, "dropped": True}))
            page.waiting[wanted.pane] = (wanted, parts)
            if page not in self._turns:
                self._turns.append(page)
            self._news.notify()

    def leave(self, page: Page) -> None:
        """Nothing more is made for this page."""
        with self._news:
            page.waiting.clear()
            page.stopped.update(page.live)

    def call(self, what: Callable[[], Any]) -> Any:
        """What it gives, called in the engine's thread.

        Raises:
            S2PZooError: whatever it raised.
        """
        done, given = threading.Event(), []

        def run() -> None:
            try:
                given.append((what(), None))
            except Exception as error:
                given.append((None, ours(error)))
            done.set()

        with self._news:
            if not self._open:
                raise UsageError("The studio is closed.")
            self._turns.append(run)
            self._news.notify()
        done.wait()
        value, error = given[0]
        if error:
            raise error
        return value

    def described(self, name: str) -> dict[str, Any]:
        """What the page is told of a model, which is loaded; see `describe`."""
        pipeline = self.call(lambda: self.pipeline(name))
        licence = pipeline.metadata.get("licence", {})
        searches = any(hasattr(one, "watch") for one in pipeline.components.values())
        told = described(pipeline.model, pipeline.tools, licence=str(licence.get("weights", "")))
        return {**told, "searches": searches}

    # The thread.

    def pipeline(self, name: str) -> Pipeline:
        """The loaded model. In the engine's thread only. Errors as of `s2pzoo.load`."""
        if name not in self._pipelines:
            while len(self._pipelines) >= HELD:
                self._pipelines.popitem(last=False)
            self._pipelines[name] = s2pzoo.load(name, **self.how)
        self._pipelines.move_to_end(name)
        return self._pipelines[name]

    def _work(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Remark)  # licences and such: the page says them
            while (turn := self._next()) is not None:
                turn()

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next, when there is something; None: the studio is closed."""
        with self._news:
            while True:
                self._news.wait_for(lambda: self._turns or not self._open)
                if not self._open:
                    return None
                turn = self._turns.popleft()
                if not isinstance(turn, Page):
                    return turn
                if turn.waiting:
                    _, (wanted, parts) = turn.waiting.popitem(last=False)
                    turn.stopped.discard(wanted.pane)
                    if turn.waiting:
                        self._turns.append(turn)  # behind the other pages
                    return functools.partial(self._answer, turn, wanted, parts)

    def _answer(self, page: Page, wanted: Request, parts: list[bytes]) -> None:
        head = _head(wanted)
        started = time.perf_counter()
        try:
            make = self._photo if wanted.do == "photo" else self._tool
            for names, pictures, more in make(page, wanted, parts):
                page.tell(pack({**head, "names": names, **more}, *pictures))
            page.tell(pack({**head, "names": [], "last": True, "seconds": time.perf_counter() - started}))
        except _GivesWay:
            page.tell(pack({**head, "names": [], "last": True, "dropped": True}))
        except Exception as error:
            page.tell(pack({**head, "names": [], "last": True, "error": self._told(error, wanted).to_dict()}))

    def _told(self, error: Exception, wanted: Request) -> S2PZooError:
        """The error as one of ours; where memory ran out, all models go."""
        spent = isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
        if not spent or isinstance(error, S2PZooError):
            return ours(error)
        self._pipelines.clear()
        why = f"It ran out while {wanted.model} worked. All models were let go."
        return UnexpectedError("There is not enough memory.", why=why, fix="Draw on: it is loaded again.")

    def _live(self, page: Page, wanted: Request) -> Live:
        pipeline = self.pipeline(wanted.model)
        kept = page.live.get(wanted.pane)
        if kept is None or kept.pipeline is not pipeline:
            kept = page.live[wanted.pane] = Live(pipeline)
        return kept

    def _drawing(self, page: Page, wanted: Request, parts: list[bytes], pipeline: Pipeline) -> Inputs:
        """What is drawn, as it lies."""
        if wanted.drawing is not None:
            page.drawings[wanted.pane] = _part(parts, wanted.drawing)
        if wanted.pane not in page.drawings:
            raise BadInputError("There is no drawing.", fix="Send one.")
        return _read(pipeline, page.drawings[wanted.pane])

    def _photo(self, page: Page, wanted: Request, parts: list[bytes]) -> Iterator[Any]:
        """The photo, and the other values that are to be seen."""
        live = self._live(page, wanted)
        pipeline, model = live.pipeline, live.pipeline.model
        drawn = self._drawing(page, wanted, parts, pipeline)
        options = self._options(pipeline, wanted.options)
        names = [model.output, *(name for name in wanted.values if name in model.values)]
        with self._watched(page, wanted, pipeline):
            made = live(drawn.tensor, names, seed=wanted.seed, options=options)
        provenance = json.dumps(pipeline.provenance(drawn, wanted.seed, options))
        text = {model.output: provenance}
        pictures = [_png(to_images(made[name])[0], text.get(name, "")) for name in names]
        yield names, pictures, {"notes": list(drawn.notes[0])}

    def _tool(self, page: Page, wanted: Request, parts: list[bytes]) -> Iterator[Any]:
        """What a tool makes of the drawing and what else it is given."""
        pipeline = self.pipeline(wanted.model)
        tool = pipeline.tools.get(wanted.do)
        if tool is None or tool.gives == "folder":
            why = f"Its tools: {', '.join(pipeline.tools) or 'none'}."
            raise UsageError(f"{wanted.model} has no {wanted.do}.", why=why)
        given: dict[str, Any] = {}
        for one in tool.inputs:
            if one.kind == "parts":
                given |= {name: self._given(pipeline, value, parts) for name, value in wanted.inputs.items()}
            elif one.name in wanted.inputs:
                value = self._given(pipeline, wanted.inputs[one.name], parts)
                given[one.name] = [value] if one.kind == "photos" and one is not tool.inputs[0] else value
            elif one is tool.inputs[0] and one.kind in ("drawing", "drawings"):
                given[one.name] = self._drawing(page, wanted, parts, pipeline).tensor[0]
            else:
                raise BadInputError(f"{tool.name} wants {one.name}.", why=one.help, fix="Choose one.")
        own = {option.name: option.read(wanted.own.get(option.name, option.default)) for option in tool.options}
        own |= dict(tool.under or {}) if wanted.under else {}
        with self._watched(page, wanted, pipeline), self._giving_way(pipeline) if wanted.under else nullcontext():
            made = self._call(tool, pipeline, given, {**self._options(pipeline, wanted.options), **own}, wanted)
        yield [tool.name] * len(made), [_png(one) for one in made], {}

    def _call(
        self, tool: ToolEntry, pipeline: Pipeline, given: Mapping[str, Any], options: Mapping[str, Any], wanted: Request
    ) -> list[Image.Image]:
        """Its pictures; of the options it is given those it takes."""
        own = {option.name for option in tool.options} | set(tool.under or ())
        takes = own | (set(pipeline.model.options) if tool.run_options else set())
        more: dict[str, Any] = {name: value for name, value in options.items() if name in takes}
        more |= {"seed": wanted.seed} if tool.seeded else {}
        more |= {"t": wanted.t} if tool.gives == "animation" else {}
        made = load_object(tool.method)(pipeline, **given, **more)
        return [as_picture(one, tool.name) for one in (made if tool.gives == "pictures" else [made])]

    def _given(self, pipeline: Pipeline, value: Any, parts: list[bytes]) -> Any:
        """A drawing as a tensor (1,S,S), or the path of a picture."""
        if isinstance(value, int):
            return _read(pipeline, _part(parts, value)).tensor[0]
        return self.pictures.path(value)

    def _options(self, pipeline: Pipeline, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a request, pictures as paths."""
        paths = {name for name, option in pipeline.model.options.items() if option.word == "path"}
        said = {name: value for name, value in given.items() if value not in (None, "")}
        return {name: str(self.pictures.path(value)) if name in paths else value for name, value in said.items()}

    @contextlib.contextmanager
    def _watched(self, page: Page, wanted: Request, pipeline: Pipeline) -> Iterator[None]:
        """Within, searches end when the pane has a newer request or says stop; one for a photo shows what it has."""
        model, last, cut = pipeline.model, time.monotonic(), False
        searching = [(step, one) for step in model.steps if hasattr(one := pipeline.components[step.name], "watch")]

        def watch(step: Any, component: Any, number: int, so_far: Tensor, losses: Tensor) -> None:
            nonlocal last, cut
            if wanted.pane in page.waiting or wanted.pane in page.stopped:
                cut = True
                raise KeyboardInterrupt
            if wanted.do == "photo" and number and time.monotonic() - last > TOLD_EVERY:
                with torch.no_grad():
                    made = component.so_far(number, so_far, losses)
                seen = {step.outputs[port]: value for port, value in made.items()}
                if model.output in seen:
                    told = {**_head(wanted), "names": [model.output], "step": number, "loss": float(losses.min())}
                    page.tell(pack(told, _png(to_images(seen[model.output])[0])))
                last = time.monotonic()

        for step, one in searching:
            setattr(one, "watch", functools.partial(watch, step, one))  # noqa: B010
        try:
            yield
        finally:
            for _, one in searching:
                setattr(one, "watch", None)  # noqa: B010
            if cut:  # what it has so far is not what it would come to
                page.live.pop(wanted.pane, None)

    @contextlib.contextmanager
    def _giving_way(self, pipeline: Pipeline) -> Iterator[None]:
        """Within, what is made is left as soon as anybody wants something: a guide holds no photo back."""

        def look(*_: Any) -> None:
            if self._turns:
                raise _GivesWay

        modules = [one for part in pipeline.components.values() for one in part.modules()]
        hooks = [one.register_forward_pre_hook(look) for one in modules]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


class _GivesWay(KeyboardInterrupt):
    """What is being made can wait."""


def _head(wanted: Request) -> dict[str, Any]:
    """What every answer to it carries."""
    return {"id": wanted.id, "pane": wanted.pane, "do": wanted.do, "model": wanted.model}


def _part(parts: list[bytes], index: int) -> bytes:
    if not 0 <= index < len(parts):
        raise BadInputError(f"The message has no part {index}.")
    return parts[index]


def _read(pipeline: Pipeline, data: bytes) -> Inputs:
    """A square of bytes as a drawing: nothing is to be found out about its paper, the page has drawn it."""
    side, model = round(len(data) ** 0.5), pipeline.model
    if side * side != len(data) or not 16 <= side <= 2048:
        raise BadInputError("The drawing is no square of bytes.", why=f"It has {len(data)} of them.")
    ink = from_bytes(np.frombuffer(data, np.uint8).reshape(side, side))
    if not model.blank_ok and 1 - float(ink.min()) < BLANK_INK:
        raise BadInputError("The sheet is blank.", why=f"{model.name} wants a drawing.", fix="Draw something.")
    return pipeline.read(torch.from_numpy(resize_square(ink, model.size))[None])


def _png(picture: Image.Image, provenance: str = "") -> bytes:
    """Its file; where it says what made it, as `Result.save` does."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1, **described_file("PNG", {KEY: provenance} if provenance else {}))
    return file.getvalue()
