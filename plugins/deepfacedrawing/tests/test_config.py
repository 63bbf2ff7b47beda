from __future__ import annotations

import pytest
from s2pzoo_deepfacedrawing.config import FACES256, PAPER512, PRESETS, DiscriminatorConfig, Face, Preset, Window

from s2pzoo.spec.core import MultiScalePatchGANConfig
from s2pzoo.spec.fields import read, to_dict

each_preset = pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))


def test_the_windows_of_the_paper_are_the_official_ones() -> None:
    assert [(w.name, w.x, w.y, w.side) for w in PAPER512.encoder.face.windows] == [
        ("left_eye", 108, 156, 128),
        ("right_eye", 255, 156, 128),
        ("nose", 182, 232, 160),
        ("mouth", 169, 301, 192),
        ("remainder", 0, 0, 512),
    ]
    assert PAPER512.encoder.face.nose_cut == 36


def test_the_windows_of_the_light_network_are_half_of_the_official_ones() -> None:
    for half, whole in zip(FACES256.encoder.face.windows, PAPER512.encoder.face.windows, strict=True):
        assert half.name == whole.name and half.side == whole.side // 2
        assert abs(half.x - whole.x / 2) <= 1 and abs(half.y - whole.y / 2) <= 1


def test_a_window_is_rows_and_columns() -> None:
    assert Window(name="nose", x=3, y=5, side=4).box == (slice(5, 9), slice(3, 7))


@each_preset
def test_the_last_window_is_the_remainder_and_covers_the_canvas(preset: Preset) -> None:
    face = preset.encoder.face
    rest = face.windows[-1]
    assert (rest.name, rest.x, rest.y, rest.side) == ("remainder", 0, 0, face.size)
    assert face.parts == face.windows[:-1] and len(face.names) == 5


@each_preset
def test_windows_meet_the_grid_of_the_maps(preset: Preset) -> None:
    stride = preset.mapping.stride
    for window in preset.encoder.face.windows:
        assert window.x % stride == window.y % stride == window.side % stride == 0
    assert preset.encoder.face.nose_cut % stride == 0


@each_preset
def test_all_parts_of_a_preset_share_their_face_and_their_maps(preset: Preset) -> None:
    face = preset.encoder.face
    assert preset.decoder.face == preset.manifold.face == preset.mapping.face == face
    assert preset.synthesis.maps == preset.mapping.maps
    assert preset.synthesis.stride == preset.mapping.stride and preset.synthesis.size == face.size


@each_preset
def test_a_config_survives_json(preset: Preset) -> None:
    for part in (preset.encoder, preset.decoder, preset.manifold, preset.mapping, preset.synthesis):
        assert read(type(part), to_dict(part)) == part


@each_preset
def test_the_ports_follow_from_the_config(preset: Preset) -> None:
    face = preset.encoder.face
    codes = (len(face.windows), face.latent)
    assert preset.encoder.ports().takes["sketch"].size == preset.decoder.ports().gives["sketch"].size == face.size
    assert preset.encoder.ports().gives["latent"].dim == preset.manifold.ports().takes["latent"].dim == codes
    maps = preset.mapping.ports().gives["features"]
    assert maps == preset.synthesis.ports().takes["features"]
    assert (maps.channels, maps.size) == (preset.mapping.maps, face.size // preset.mapping.stride)
    assert preset.synthesis.ports().gives["photo"].size == face.size


def test_the_discriminator_has_the_ports_of_the_cores() -> None:
    assert set(DiscriminatorConfig(condition=32).ports().takes) == {"picture", "condition"}
    assert DiscriminatorConfig().ports() == MultiScalePatchGANConfig().ports()


def test_the_numbers_of_the_paper() -> None:
    assert (PAPER512.manifold.neighbours, PAPER512.manifold.solver) == (10, "lle")
    assert PAPER512.manifold.samples == 6247 + 11456
    assert (Face().latent, PAPER512.synthesis.blocks, DiscriminatorConfig().scales) == (512, 9, 3)
