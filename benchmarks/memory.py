"""How much memory does `s2pzoo generate` take at its peak?"""

from __future__ import annotations

import tempfile

from measure import MODEL, SKETCH, Measurement, alone, in_fresh_interpreters

# A process starts with the peak of the one that made it, so a small one stands between.
CODE = """
import resource, subprocess, sys
generate = "import sys; from s2pzoo.cli import main; sys.exit(main())"
command = [sys.executable, "-c", generate, "generate", {sketch!r}, "-m", {model!r}, "-o", {folder!r}]
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)
"""


def measure(repeats: int = 3) -> Measurement:
    with tempfile.TemporaryDirectory() as folder:
        code = CODE.format(sketch=str(SKETCH), model=MODEL, folder=folder)
        values = in_fresh_interpreters(code, repeats=repeats)
    return Measurement(
        what="memory of s2pzoo generate",
        method=f"largest resident set of the process, median of {repeats}, one drawing; 1 MB is 10^6 bytes",
        values=values,
        unit="MB",
        target=1500,
    )


if __name__ == "__main__":
    alone(measure)
