"""The conformance kit on mutants: a plugin that is broken in one way fails in the one check that is meant for it."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import Factory, frozen
from processes import done

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.errors import UnknownModelError
from s2pzoo.host.registry import default_registry
from s2pzoo.testing import examine, plugin_suite
from s2pzoo.testing.checks import _is_s2pzoo
from s2pzoo.testing.conformance import ABSENT, CHECKS, FAILED, PASSED

pytest.importorskip("copier")

METADATA = """Metadata-Version: 2.4
Name: s2pzoo-acme
Version: 0.1.0
Summary: Fruit
License-Expression: Apache-2.0
Requires-Python: >=3.11
Requires-Dist: s2pzoo>=0.1.0

A plugin of s2pzoo.
"""
ABOUT = {"licence": {"code": "MIT", "weights": "MIT", "data": "painted"}, "training": {"pairs": 8}}
NOUNS = ("import ComponentEntry,", "import AdapterEntry, ComponentEntry, DatasetEntry, Input, ToolEntry,")
_count = itertools.count()

Edits = dict[str, tuple[str, str]]
Planted = Callable[["Mutant"], None]


@pytest.fixture(scope="session")
def bundle(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the plugin as it was written."""
    site = tmp_path_factory.mktemp("pristine")
    shutil.copytree(rendered / "s2pzoo_acme", site / "s2pzoo_acme")
    narrow(site / "s2pzoo_acme")
    code = f"""
from s2pzoo.pipeline.run import Pipeline
from s2pzoo_acme.method import Painter
from s2pzoo_acme.plugin import s2pzoo_plugin
(model,) = s2pzoo_plugin().models
Pipeline(model=model, components={{"painter": Painter(model.steps[0].config)}}).save("weights", metadata={ABOUT!r})
"""
    done([sys.executable, "-c", code], cwd=site)
    return site / "weights"


@pytest.fixture
def plant(rendered: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    """plant(mutant) installs the plugin as `s2pzoo new` writes it, with something replaced in some of its files, or put
    at their ends; and weights that it made itself, where it can. Its package has a name of its own each time."""
    package = f"s2pzoo_acme{next(_count)}"

    def put(mutant: Mutant) -> None:
        site = tmp_path / "site"
        home, info = site / package, site / "s2pzoo_acme-0.1.0.dist-info"
        shutil.copytree(rendered / "s2pzoo_acme", home, ignore=shutil.ignore_patterns("__pycache__"))
        info.mkdir()
        (info / "METADATA").write_text(mutant.metadata)
        (info / "entry_points.txt").write_text(f"[s2pzoo]\nacme = {package}.plugin\n")
        monkeypatch.syspath_prepend(str(site))
        for path in (*home.rglob("*.py"), *home.rglob("*.toml")):
            path.write_text(path.read_text().replace("s2pzoo_acme", package).replace(*NOUNS))
        for name, change in mutant.edits.items():
            edit(home / name, *(text.replace("PACKAGE", package) for text in change))
        narrow(home)
        default_registry.cache_clear()
        try:
            s2pzoo.build("acme.tiny").save(home / "weights/tiny", metadata=mutant.about)
        except (Exception, SystemExit):
            shutil.copytree(bundle, home / "weights/tiny", dirs_exist_ok=True)
        for name, change in mutant.later.items():
            edit(home / name, *change)
        forget(package)

    yield put
    forget(package)


def narrow(home: Path) -> None:
    """A network of a quarter of the channels: the checks are many, the mutants as well."""
    for name in ("plugin.py", "method.py"):
        text = (home / name).read_text()
        (home / name).write_text(text.replace("width: int = knob(16,", "width: int = knob(4,"))


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    default_registry.cache_clear()


def edit(path: Path, old: str, new: str) -> None:
    if path.suffix == ".safetensors":
        data = bytearray(path.read_bytes())
        data[-9] ^= 1
        path.write_bytes(data)
        return
    text = path.read_text()
    assert not old or text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new) if old else text + new)


def states(family: str = "acme") -> dict[str, set[str]]:
    """State -> the checks that ended so."""
    found = examine(family)
    return {state: {one.check for one in found if one.state == state} for state in (PASSED, FAILED, ABSENT)}


@frozen(kw_only=True)
class Mutant:
    """What is broken, and the check that is meant for it. `later` edits are made after the weights were."""

    check: str
    edits: Edits = Factory(dict)
    later: Edits = Factory(dict)
    metadata: str = METADATA
    about: dict = Factory(lambda: ABOUT)


def method(check: str, old: str, new: str) -> Mutant:
    return Mutant(check=check, edits={"method.py": (old, new)})


def painted(check: str, then: str) -> Mutant:
    """The photo is made, and then something is done."""
    return method(check, OUT, OUT.replace("return", "photo =") + then.replace("\n", "\n        "))


def plugin(check: str, old: str, new: str) -> Mutant:
    return Mutant(check=check, edits={"plugin.py": (old, new)})


def declaring(check: str, what: str, code: str = "") -> Mutant:
    """A noun more, and code for it."""
    return Mutant(check=check, edits={"plugin.py": (TASKS, f"        {what},\n{TASKS}"), "method.py": ("", code)})


OUT = "return (0.5 + contrast * (self.out(x).sigmoid() - 0.5)).clamp(0, 1)"
INIT = "self.out = nn.Conv2d(w, 3, 1)"
TASKS = "        tasks=["
STEPS = "steps=steps(PainterConfig()), size=64"
TOOL = """
        tools=[ToolEntry("negative", method="PACKAGE.method:negative", inputs=[Input("sketch", "drawings")],
                         summary="white on black")]"""
DATASET = 'datasets=[DatasetEntry("acme/fruit", reader="PACKAGE.fruit:no_such_function", summary="fruit")]'
ADAPTER = """
        adapters=[AdapterEntry("acme/half", kind_from="sketch", kind_to="gray", lossless=False, summary="half of it",
                               factory="PACKAGE.method:Half")]"""
HALF = """

class Half(Generator):

    def forward(self, *, sketch):
        return sketch[..., ::2]
"""
WIDTH = 'width: int = knob(16, low=1, help="channels at full resolution")'
SHIFTED = 'width: int = __import__("attrs").field(default=16, converter=lambda width: width + 1)'
CONSTANT = Mutant(
    check="ports/values",
    edits={
        "method.py": (OUT, OUT.replace("return ", "return nn.functional.interpolate(") + ", size=64)"),
        "plugin.py": (STEPS, "steps=steps(PainterConfig(size=32)), size=32"),
    },
)
MUTANTS = {
    "another api": plugin("static/loads", "S2PZOO_API = 2", "S2PZOO_API = 1"),
    "does not import": plugin("static/loads", "", "\nimport no_such_module\n"),
    "two models and no default": plugin("static/loads", "models=[", f'models=[Model("acme.b", {STEPS}),'),
    "a hook that is never called": plugin("static/loads", "", "\ndef s2pzoo_find_weights(ref): ...\n"),
    "imports numpy": plugin("static/light", "", "\nimport numpy\n"),
    "prints": plugin("static/light", "", '\nprint("hello")\n'),
    "no licence": Mutant(
        check="static/distribution", metadata=METADATA.replace("License-Expression: Apache-2.0\n", "")
    ),
    "does not need s2pzoo": Mutant(
        check="static/distribution", metadata=METADATA.replace("s2pzoo>=0.1.0", "s2pzoo-faces>=0.1.0")
    ),
    "reads a pickle": method("static/no-pickle", INIT, INIT + "\n        self.read = lambda: torch.load('x')"),
    "imports pickle": method("static/no-pickle", "import torch\n", "import pickle  # noqa\n\nimport torch\n"),
    "built from another config": method("api/component", "    Config = PainterConfig", "    Config = object"),
    "of another kind": method("api/component", "class Painter(Generator)", "class Painter(nn.Module)"),
    "a config that JSON does not keep": plugin("api/component", WIDTH, SHIFTED),
    "does not take its option": method("api/forward", "contrast: float = 1.0)", "strength: float = 1.0)"),
    "steps that do not fit": plugin("api/model", STEPS, STEPS.replace("64", "32")),
    "a reader that is not there": declaring("api/dataset", DATASET),
    "an adapter to something else": declaring("api/adapter", ADAPTER, HALF),
    "two photos, one over the other": painted("ports/component-gives", "\nreturn photo.repeat(1, 1, 2, 1)"),
    "double precision": painted("ports/component-gives", "\nreturn photo.double()"),
    "one size, whatever the config": CONSTANT,
    "brighter than white": painted("ports/ranges", "\nreturn 2 * photo"),
    "seeds the process": painted("numeric/considerate", "\ntorch.manual_seed(0)\nreturn photo"),
    "draws from the process": painted("numeric/considerate", "\nreturn photo + 0 * torch.rand_like(photo)"),
    "counts": painted("numeric/repeatable", "\nself.n = getattr(self, 'n', 0) + 1\nreturn photo / self.n"),
    "looks at its neighbours": painted("batch/alone", "\nreturn (photo - photo.mean(0) + 0.5).clamp(0, 1)"),
    "a tensor that is no buffer": method("device/moves", INIT, INIT + "\n        self.white = torch.ones(3, 1, 1)"),
    "a tensor made on the CPU": painted("device/moves", "\nreturn photo * torch.ones(3, 1, 1)"),
    "insists on float32": method(
        "device/bfloat16", "maps = [self.down[0](1 - sketch)]", "maps = [self.down[0]((1 - sketch).float())]"
    ),
    "a flipped bit": Mutant(check="weights/whole", later={"weights/tiny/model.safetensors": ("", "")}),
    "no weights": plugin("weights/whole", '"weights/tiny"', '"weights/large"'),
    "nobody's licence": Mutant(check="weights/told", about={"training": {"pairs": 8}}),
    "another network than then": Mutant(
        check="weights/golden", later={"method.py": (OUT, OUT.replace("return ", "return 1 - "))}
    ),
    "a key that is none": Mutant(check="train/recipe", edits={"recipes/tiny.toml": ("warmup", "warmupp")}),
    "a recipe of another task": Mutant(check="train/recipe", edits={"recipes/tiny.toml": ("acme/paint", "acme/point")}),
    "no example": plugin("train/task", 'example="PACKAGE.fruit:example",', ""),
    "learns nothing": method("train/trains", 'self.minimise("painter", self.weighted(terms), backward)', "pass"),
    "draws as it likes": method("train/trains", "rng.integers(0", "np.random.default_rng().integers(0"),
    "a tool of another argument": declaring(
        "tools/method", TOOL, "\n\ndef negative(pipeline, drawing):\n    return drawing\n"
    ),
    "a tool that gives nothing": declaring("tools/runs", TOOL, "\n\ndef negative(pipeline, sketch):\n    pass\n"),
    "no README": Mutant(check="docs/readme", metadata=METADATA.replace("A plugin of s2pzoo.\n", "")),
    "no summary": plugin("docs/summaries", '"Drawn fruit to painted fruit, 64 pixels"', '""'),
    "an option without a word": plugin("docs/options", 'help="of the photo, 0 is gray"', 'help=""'),
}


def test_the_plugin_as_it_is_written_has_no_fault(plant: Planted) -> None:
    plant(Mutant(check=""))
    found = states()
    assert found[FAILED] == set()
    assert found[PASSED] | found[ABSENT] == set(CHECKS)
    assert found[ABSENT] == {"api/dataset", "api/adapter", "tools/method", "tools/runs"}


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_fails_in_the_check_that_is_meant_for_it(plant: Planted, name: str) -> None:
    mutant = MUTANTS[name]
    plant(mutant)
    assert states()[FAILED] == {mutant.check}


def test_every_check_has_a_mutant() -> None:
    assert {mutant.check for mutant in MUTANTS.values()} == set(CHECKS)


def test_the_command_says_what_failed_and_ends_with_one(plant: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    plant(MUTANTS["an option without a word"])
    assert run(["check", "acme"]) == 1
    said = " ".join(capfd.readouterr().out.split())
    assert "docs/options" in said and "contrast" in said and "1 failed" in said
    assert run(["check", "acme", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    assert not told["ok"] and told["counts"]["failed"] == 1


EXITS = {
    "a forward": painted("ports/component-gives", "\nraise SystemExit(0)"),
    "a step": method("train/trains", 'terms = {"pixel"', 'raise SystemExit(0)\n        terms = {"pixel"'),
    "a tool": declaring("tools/runs", TOOL, "\n\ndef negative(pipeline, sketch):\n    raise SystemExit(0)\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXITS)
def test_a_plugin_that_ends_the_program_is_found_out(
    plant: Planted, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    plant(EXITS[name])
    assert run(["check", "acme", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    (failed,) = [one for one in told["findings"] if one["state"] == FAILED]
    assert failed["check"] == EXITS[name].check and "SystemExit" in failed["why"]


@pytest.mark.parametrize("family", ["core", "s2pzoo", "ups.shoes128"])
def test_what_is_no_plugin_is_told(family: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", family]) == 2
    assert "Name" in capfd.readouterr().err


def test_a_plugin_that_is_not_there_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownModelError):
        examine("nobody")
    assert run(["check", "nobody"]) != 0
    assert "nobody" in capfd.readouterr().err


def test_a_suite_has_a_test_for_every_check(plant: Planted) -> None:
    plant(Mutant(check=""))
    (mark,) = plugin_suite("acme").pytestmark
    ids = [case.id for case in mark.args[1]]
    assert len(ids) == len(set(ids)) and {one.split()[0] for one in ids} == set(CHECKS)


@pytest.mark.parametrize(
    ("requirement", "ours"),
    [("s2pzoo", True), ("s2pzoo>=0.1", True), ("s2pzoo[train]", True), ("s2pzoo (>=1)", True), ("s2pzoo-faces", False),
     ("s2pzoo_ups>=1", False), ("s2pzoos", False), ("torch", False)],
)  # fmt: skip
def test_what_requires_s2pzoo_is_told_from_what_does_not(requirement: str, ours: bool) -> None:
    assert _is_s2pzoo(requirement) == ours
