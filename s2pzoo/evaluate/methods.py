"""The methods of an evaluation as text: `LABEL=MODEL@WEIGHTS?option=value&option=value`. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from s2pzoo.errors import UsageError

NEAREST = "nearest"
"""The method that is no model: the photo of the gallery whose sketch is nearest."""

PHOTOS = "photos"
"""The other one, where photos and sketches are unpaired: photos that are not in the split, as the floor."""

_FORM = "A method reads [LABEL=]MODEL[@WEIGHTS][?option=value&option=value], such as Ours=deepfacedrawing?solver=top1."


@frozen(kw_only=True)
class Method:
    """One method to evaluate.

    Attributes:
        label: its name in tables and sheets.
        model: what `load` takes, or "nearest", or "photos".
        weights: the folder of a bundle, or None for the usual places.
        options: of the model, each as `option=value` or `option.part=value`.
    """

    label: str
    model: str
    weights: str | None = None
    options: tuple[str, ...] = ()


def parse_method(text: str) -> Method:
    """Read one method. Without a label, the text is its own.

    Raises:
        UsageError: it cannot be read.
    """
    head, _, tail = text.partition("?")
    label, equals, name = head.partition("=")
    if not equals or "@" in label:  # then the sign belongs to the folder
        label, name = text, head
    model, at, weights = name.partition("@")
    options = tuple(tail.split("&")) if tail else ()
    if not (label and model and (weights or not at)):
        raise UsageError(f"{text!r} is no method.", fix=_FORM)
    if model in (NEAREST, PHOTOS) and (weights or options):
        raise UsageError(f"{text!r} is no method.", why=f"{model} has neither weights nor options.")
    return Method(label=label, model=model, weights=weights or None, options=options)


def parse_methods(texts: Iterable[str]) -> tuple[Method, ...]:
    """Read methods, each with a label of its own.

    Raises:
        UsageError: one cannot be read, or a label stands for two.
    """
    methods = tuple(parse_method(text) for text in texts)
    labels = [method.label for method in methods]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"{label!r} is there twice.", fix="Give each method its own label: LABEL=MODEL.")
    return methods
