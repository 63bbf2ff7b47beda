"""timm's models, made by name; their published weights of one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from s2pzoo.errors import MissingExtraError, OfflineError, UsageError, WeightsNotFoundError
from s2pzoo.spec.names import hint
from s2pzoo.weights.hub import HubPlace, single_file


def timm_model(name: str, *, pretrained: bool = False, revision: str = "", **settings: Any) -> Any:
    """The timm model of that name, with random weights or with its published ones.

    Args:
        revision: the commit of its repository on the Hub; empty: the newest there is.
        settings: as for `timm.create_model`.

    Raises:
        MissingExtraError: timm is not installed.
        UsageError: it has no model of this name.
        WeightsNotFoundError: nobody published weights for it.
        WeightsError, OfflineError: they are neither here nor to be had.
    """
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError(f"The network {name} needs timm.", extra="encoders", why=str(error)) from error
    if not timm.is_model(name):
        raise UsageError(
            f"There is no network {name!r}.", why="It is neither a file nor a model of timm.",
            fix=hint(name, timm.list_models()) or "Give a file, or a name such as resnet18.",
        )  # fmt: skip
    if pretrained:
        settings["pretrained_cfg_overlay"] = {"file": str(published(name, revision))}
    return timm.create_model(name, pretrained=pretrained, **settings)


def published(name: str, revision: str = "") -> Path:
    """The file of a timm model's published weights, in a folder named after the commit. Errors as for `timm_model`."""
    import timm

    try:
        told: Any = timm.get_pretrained_cfg(name)
        place = HubPlace(told.hf_hub_id, revision or "main")
    except (RuntimeError, AttributeError, TypeError) as error:  # no such tag; nothing published
        fix = "Choose another model, such as resnet18."
        raise WeightsNotFoundError(f"timm has no weights for {name}.", fix=fix) from error
    try:
        return single_file(place, told.hf_hub_filename or "model.safetensors")
    except OfflineError as error:
        fix = "Connect once: they are kept. Or do without them."
        raise OfflineError(f"The weights of {name} cannot be had.", why=error.why, fix=fix) from error


def norm_statistics_kept(network: nn.Module) -> None:
    """Batch normalisation goes by what it has seen before, and learns no more of it."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
