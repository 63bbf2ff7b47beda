"""Mutate drawing files and read them: every one must become a drawing or an error that names it, within two seconds.

    python tools/fuzz_drawings.py [COUNT] [START]     10,000 files by default; the exit code is 1 where one did not

Seeds are the drawings in tests/fixtures/drawings and examples/sketches. A file that failed is kept in the folder out.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.read import read_sketch

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 2.0
SEEDS = [
    *sorted((ROOT / "tests/fixtures/drawings").glob("*.*")),
    *(ROOT / "examples/sketches/faces" / name for name in ("man_beard.svg", "woman_strokes.json")),
]
WORDS = (
    b"1e999", b"-1", b"NaN", b"0", b"1e-200", b"99999999999", b"url(#a)", b"href", b"<g>", b"</g>", b"{", b"}", b"[",
    b"]", b",", b'"', b"\xff", b"\x00", b"&lt;", b"%", b"opacity:0", b"transform='scale(1e9)'", b"\x89PNG",
    b"<!DOCTYPE x>", b"\"width\":900", b"stroke-width=\"500\"", b"rgb(0 0 0 / 3%)",
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The same bytes with a few of them flipped, cut, repeated, or replaced by hostile words."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(6):
            case 0 if out:
                out[min(at, len(out) - 1)] ^= 1 << rng.randrange(8)
            case 1:
                del out[at : at + rng.choice([1, 8, 200])]
            case 2:
                out[at:at] = rng.choice(WORDS)
            case 3:
                out[at : at + rng.randrange(1, 12)] = rng.choice(WORDS)
            case 4:
                out[at:at] = out[at : at + rng.choice([8, 100, 3000])] * rng.choice([1, 3])
            case _:
                del out[at : len(out) if rng.random() < 0.3 else at + 1]
    return bytes(out)


def tried(seed: Path, folder: Path, *, count: int, start: int) -> Iterator[str]:
    """Read `count` mutations of a file; tells what went wrong."""
    for number in range(start, start + count):
        path = folder / f"{number}-{seed.name}"
        path.write_bytes(mutated(seed.read_bytes(), random.Random(f"{seed.name} {number}")))
        began = time.perf_counter()
        try:
            read_sketch(path, size=128, fit="auto", allow_blank=True)
        except BadInputError as error:
            if path.name not in str(error):
                yield f"{path} is not named: {error}"
        except BaseException as error:
            yield f"{path}: {type(error).__name__}: {error}"
        if (seconds := time.perf_counter() - began) > SECONDS:
            yield f"{path} took {seconds:.1f} s"
        else:
            path.unlink()


def main(count: int = 10_000, start: int = 0) -> int:
    """All seeds in turn."""
    folder = ROOT / "out" / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    each, faults = -(-count // len(SEEDS)), 0
    with tempfile.TemporaryDirectory() as scratch:
        for seed in SEEDS:
            for fault in tried(seed, Path(scratch), count=each, start=start):
                faults += 1
                print(fault, flush=True)
    print(f"{each * len(SEEDS)} files, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
