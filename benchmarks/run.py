"""Run the benchmarks and write a table: `python benchmarks/run.py [NAME ...] [--out FILE] [--repeats N]`.

Run it on a quiet machine. The exit code is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cold_start
import load
import memory
import object_photo
import photo
import projection
import retrieval
import runtimes
import search
import slider
import studio
import studio_load
import training
from measure import Measurement, machine

BENCHMARKS = {
    "cold_start": cold_start.measure,
    "load": load.measure,
    "photo": photo.measure,
    "slider": slider.measure,
    "projection": projection.measure,
    "object_photo": object_photo.measure,
    "object_photo_paper": object_photo.measure_paper,
    "retrieval": retrieval.measure,
    "search": search.measure,
    "search_batch": search.measure_batch,
    "search_paper": search.measure_paper,
    "studio_shoes": studio.measure_shoes,
    "studio_faces": studio.measure_faces,
    "studio_slider": studio.measure_slider,
    "studio_memory": studio.measure_memory,
    "studio_pages": studio_load.measure_pages,
    "studio_long": studio_load.measure_long,
    **runtimes.BENCHMARKS,
    "memory": memory.measure,
    "training": training.measure,
}
OUT = Path(__file__).with_name("results.md")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; by default all")
    parser.add_argument("--out", type=Path, default=OUT, help="the table; by default %(default)s")
    parser.add_argument("--repeats", type=int, help="instead of each benchmark's own")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    where = machine()
    measured = []
    for number, name in enumerate(names := asked.names or list(BENCHMARKS), 1):
        print(f"[{number}/{len(names)}] {name} ...", end=" ", file=sys.stderr, flush=True)
        measured.append(BENCHMARKS[name](*([asked.repeats] if asked.repeats else [])))
        print(f"{measured[-1].median:.4g} {measured[-1].unit}", file=sys.stderr, flush=True)
    table = to_markdown(measured, where)
    print(table, end="")
    write(asked.out, table)
    return int(not all(one.passed for one in measured))


def to_markdown(measured: list[Measurement], where: str) -> str:
    """The table, the machine under it."""
    head = ("| what | median | range | target | | method |", "|---|---:|---:|---:|---|---|")
    return "\n".join(["# Speed", "", *head, *(one.row() for one in measured), "", f"Machine: {where}.", ""])


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    from s2pzoo.imaging.write import write_bytes

    write_bytes(text.encode(), path)


if __name__ == "__main__":
    sys.exit(main())
