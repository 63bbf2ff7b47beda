"""What `encoders/timm-MODEL` makes of timm's models, on the meta device: the tables of docs/encoders.md.

python tools/encoders.py              # a model of each family
python tools/encoders.py --all        # every model of timm (about ten minutes): how many are refused, and why
"""

from __future__ import annotations

import sys
from collections import defaultdict

import timm
import torch
from s2pzoo_encoders.backbone import TimmEncoder
from s2pzoo_encoders.config import TimmConfig

FAMILIES = (
    "resnet18", "mobilenetv4_conv_small", "efficientnet_b0", "convnext_atto", "edgenext_xx_small", "regnety_002",
    "hrnet_w18_small", "caformer_s18", "maxvit_pico_rw_256", "swin_tiny_patch4_window7_224", "vit_tiny_patch16_224",
    "deit_tiny_patch16_224", "mixer_s16_224", "vgg11", "test_resnet", "test_convnext", "test_vit",
)  # fmt: skip


def measured(model: str) -> TimmEncoder:
    """The encoder on the meta device, once it has seen a drawing."""
    with torch.device("meta"):
        network = TimmEncoder(TimmConfig(model=model)).eval()
        with torch.no_grad():
            network(sketch=torch.empty(1, 1, 128, 128))
    return network


def table() -> None:
    print("| model | strides, measured | channels, measured | parameters | size |\n| --- | --- | --- | ---: | --- |")
    for model in FAMILIES:
        network = measured(model)
        levels, count = network.levels, sum(p.numel() for p in network.parameters()) / 1e6
        strides, channels = (", ".join(f"{value:g}" for value in row) for row in (
            [level.stride for level in levels], [level.channels for level in levels]))  # fmt: skip
        print(f"| `{model}` | {strides} | {channels} | {count:.1f} M | {network.side or 'any'} |")


def refused() -> None:
    why, names = defaultdict(list), timm.list_models()
    for model in names:
        try:
            measured(model)
        except Exception as error:
            why[str(getattr(error, "why", "") or f"{type(error).__name__}: {error}").splitlines()[0][:90]].append(model)
    count = sum(map(len, why.values()))
    print(f"timm {timm.__version__}: {len(names)} models, {len(names) - count} taken, {count} refused")
    for reason, models in sorted(why.items(), key=lambda pair: -len(pair[1])):
        print(f"| {reason} | {len(models)} | {', '.join(models)} |")


if __name__ == "__main__":
    refused() if "--all" in sys.argv else table()
