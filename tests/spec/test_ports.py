"""Ports: which borders fit."""

import itertools

import pytest

from s2pzoo.errors import DeclarationError
from s2pzoo.spec.ports import KINDS, Port, Ports, connect


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_fits_itself(kind: str) -> None:
    assert connect(Port(kind), Port(kind)) == []


@pytest.mark.parametrize(("gives", "takes"), list(itertools.permutations(KINDS, 2)))
def test_other_kinds_do_not_fit_but_sketch_and_edge_are_one_tensor(gives: str, takes: str) -> None:
    misfits = connect(Port(gives), Port(takes))
    assert bool(misfits) != ({gives, takes} == {"sketch", "edge"})
    assert not misfits or (gives in misfits[0] and takes in misfits[0])


@pytest.mark.parametrize(
    ("gives", "takes", "count"),
    [
        (Port("photo", size=256), Port("photo", size=256), 0),
        (Port("photo", size=256), Port("photo", size=(256, 256)), 0),
        (Port("photo", size=256), Port("photo", size=512), 1),
        (Port("photo", size=(256, 128)), Port("photo", size=(128, 256)), 1),
        (Port("photo", size=250), Port("photo", multiple=32), 1),
        (Port("photo", size=(64, 100)), Port("photo", multiple=32), 1),
        (Port("photo", size=256), Port("photo", multiple=32), 0),
        (Port("photo"), Port("photo", size=256), 0),
        (Port("latent", dim=512), Port("latent", dim=(5, 512)), 1),
        (Port("latent", dim=(5, 512)), Port("latent", dim=(5, 512)), 0),
        (Port("latent", dim=512), Port("latent"), 0),
        (Port("features", channels=32), Port("features", channels=64), 1),
        (Port("features", channels=32, size=64), Port("features", channels=64, size=32), 2),
        (Port("acme:normals", channels=3), Port("acme:normals", channels=3), 0),
        (Port("acme:normals"), Port("photo"), 1),
    ],
    ids=str,
)
def test_every_misfit_is_told_at_once(gives: Port, takes: Port, count: int) -> None:
    assert len(connect(gives, takes)) == count


def test_a_misfit_says_both_sides() -> None:
    assert connect(Port("latent", dim=512), Port("latent", dim=(5, 256))) == [
        "gives a latent of one code of 512, wanted 5 codes of 256"
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Port("phto"),
        lambda: Port("acme:"),
        lambda: Port(":normals"),
        lambda: Port("photo", size=0),
        lambda: Port("photo", size=-1),
        lambda: Port("photo", size=256.0),  # pyright: ignore[reportArgumentType]
        lambda: Port("photo", size=True),
        lambda: Port("photo", size=(1, 2, 3)),  # pyright: ignore[reportArgumentType]
        lambda: Port("photo", channels=1),
        lambda: Port("photo", multiple=0),
        lambda: Port("photo", size=100, multiple=32),
        lambda: Port("photo", dim=3),
        lambda: Port("latent", size=3),
        lambda: Port("latent", dim=(5, 0)),
        lambda: Port("features", dim=3),
        lambda: Port("strokes", channels=5),
        lambda: Ports(takes={"a b": Port("photo")}),
        lambda: Ports(takes={"a": "photo"}),  # pyright: ignore[reportArgumentType]
        lambda: Ports(takes=[Port("photo")]),  # pyright: ignore[reportArgumentType]
    ],
)
def test_a_port_that_contradicts_itself_is_refused(make) -> None:
    with pytest.raises(DeclarationError):
        make()


@pytest.mark.parametrize(
    ("port", "text"),
    [
        (Port("sketch", size=256), "sketch (N,1,256,256)"),
        (Port("photo", multiple=32), "photo (N,3,H,W) in multiples of 32"),
        (Port("latent", dim=(5, 512)), "latent (N,5,512)"),
        (Port("latent"), "latent (N,D)"),
        (Port("strokes"), "strokes (N,T,5)"),
        (Port("features", channels=32), "features (N,32,H,W)"),
    ],
)
def test_a_port_reads_as_its_tensor(port: Port, text: str) -> None:
    assert str(port) == text


def test_ports_do_not_change_with_the_mapping_they_came_from() -> None:
    takes = {"sketch": Port("sketch")}
    ports = Ports(takes=takes)
    takes.clear()
    assert list(ports.takes) == ["sketch"]
