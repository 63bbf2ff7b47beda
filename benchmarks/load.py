"""How long does loading the bundle take in a new interpreter that has imported torch?"""

from __future__ import annotations

from measure import MODEL, Measurement, alone, in_fresh_interpreters

CODE = f"""
import time, torch
started = time.perf_counter()
import s2pzoo
s2pzoo.load({MODEL!r})
print(time.perf_counter() - started)
"""


def measure(repeats: int = 5) -> Measurement:
    return Measurement(
        what=f"load {MODEL}",
        method=f"median of {repeats} new interpreters; torch is imported, s2pzoo is not",
        values=in_fresh_interpreters(CODE, repeats=repeats),
        unit="s",
        target=1.0,
    )


if __name__ == "__main__":
    alone(measure)
