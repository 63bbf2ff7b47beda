"""How long until `import s2pzoo; s2pzoo.list_models()` answers, in a new interpreter that cannot import torch?"""

from __future__ import annotations

from measure import Measurement, alone, in_fresh_interpreters

CODE = """
import importlib.abc, sys, time

class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision"):
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, NoTorch())
started = time.perf_counter()
import s2pzoo
names = s2pzoo.list_models()
took = time.perf_counter() - started
assert names, "no model is installed"
print(took)
"""


def measure(repeats: int = 7) -> Measurement:
    return Measurement(
        what="import s2pzoo and list the models",
        method=f"median of {repeats} new interpreters, torch blocked",
        values=in_fresh_interpreters(CODE, repeats=repeats),
        unit="s",
        target=0.3,
    )


if __name__ == "__main__":
    alone(measure)
