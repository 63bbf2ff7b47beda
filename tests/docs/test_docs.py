"""The documentation says what the code does: examples run, commands exist, links lead somewhere, no knob is missing."""

from __future__ import annotations

import ast
import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import typer

from s2pzoo.cli.app import joined, make_app
from s2pzoo.host import hooks
from s2pzoo.spec.model import Model

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("plugins/*/README.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in these languages."""
    return [body for language, body in _FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


# Code


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_python_block_compiles(page: Path) -> None:
    for body in blocks(page, "python"):
        compile(body, label(page), "exec")


def example_files() -> dict[str, str]:
    """The files of the example plugin: blocks of architecture.md whose first line names one."""
    first = re.compile(r"# ([\w./]+\.(?:toml|py))\n")
    named = [(first.match(body), body) for body in blocks(DOCS / "architecture.md", "python", "toml")]
    return {match[1]: body for match, body in named if match}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plugin as pip would install it: its files, and a .dist-info with its entry points."""
    site = tmp_path_factory.mktemp("site")
    for name, body in example_files().items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(body)
    project = tomllib.loads((site / "pyproject.toml").read_text())["project"]
    (package,) = tomllib.loads((site / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    (site / package / "__init__.py").touch()
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["s2pzoo"]
    (info / "entry_points.txt").write_text(
        "[s2pzoo]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )
    return site


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python that has the example installed, in its folder."""
    paths = os.pathsep.join([str(site), str(ROOT), *sys.path])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("S2PZOO_")}
    environment = kept | {"PYTHONPATH": paths, "S2PZOO_CACHE": str(site / "cache")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=site, capture_output=True, text=True, timeout=240, env=environment, check=False,
    )  # fmt: skip


def test_the_example_plugin_is_complete() -> None:
    files = example_files()
    assert {"pyproject.toml", "try_it.py"} < set(files)
    assert sum(name.startswith("s2pzoo_blueprint/") for name in files) == 3


def test_the_example_plugin_declares_without_torch(example: Path) -> None:
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "numpy"):
            raise ImportError(name)
sys.meta_path.insert(0, Block())
import s2pzoo
print(s2pzoo.describe("blueprint")["name"])
from s2pzoo.host.registry import default_registry
print(default_registry().plugin("blueprint").warnings)
"""
    done = run(example, "-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["blueprint.classic", "()"]


def test_the_example_plugin_builds_saves_loads_and_draws(example: Path) -> None:
    done = run(example, "try_it.py")
    assert done.returncode == 0, done.stderr
    assert "blueprint.classic@" in done.stdout
    from PIL import Image

    house = Image.open(example / "house.png").convert("RGB")
    red, _, blue = house.getpixel((2, 2))  # pyright: ignore[reportGeneralTypeIssues]
    assert blue > red + 80  # the paper is blue


def test_the_example_plugin_is_on_the_command_line(example: Path) -> None:
    (example / "house.json").write_text("[[[0.2, 0.9], [0.5, 0.2], [0.8, 0.9]]]")
    assert run(example, "try_it.py").returncode == 0
    done = run(example, "-m", "s2pzoo", "generate", "house.json", "-m", "blueprint", "-O", "glow=0.5", "-o", "cli.png")
    assert done.returncode == 0, done.stderr
    assert (example / "cli.png").is_file()


# Hooks, errors, knobs


def test_every_hook_is_told_with_its_arguments() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    found = {name: function for name, function in vars(hooks).items() if hasattr(function, "s2pzoo_spec")}
    assert len(found) >= 5
    for name, function in found.items():
        arguments = ", ".join(inspect.signature(function).parameters)
        assert f"`{name}({arguments})`" in text


def rows(page: Path) -> Iterator[list[str]]:
    """The cells of every table row of a page."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(cell: str) -> str | None:
    """What a cell begins with in backticks."""
    match = re.match(r"`([^`]+)`", cell)
    return match[1] if match else None


@pytest.fixture(scope="module")
def presets() -> dict[str, object]:
    config = pytest.importorskip("s2pzoo_deepfacedrawing.config")
    return config.PRESETS


def test_every_field_of_deepfacedrawing_is_told(presets: dict[str, object]) -> None:
    text = (DOCS / "deepfacedrawing.md").read_text(encoding="utf-8")
    preset = presets["paper512"]
    parts = [getattr(preset, field.name) for field in attrs.fields(type(preset))]
    parts.append(parts[0].face)
    names = {field.name for part in parts for field in attrs.fields(type(part))} - {"face"}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_the_values_of_the_presets_are_the_code_s(presets: dict[str, object]) -> None:
    page, part, checked = DOCS / "deepfacedrawing.md", "", 0
    for cells in rows(page):
        heading = re.fullmatch(r"\*\*(\w+).*\*\*", cells[0])
        part = heading[1].lower() if heading and len(cells) == 5 else part
        name = quoted(cells[0])
        if len(cells) != 5 or not part or name is None or name == "field":
            continue
        for column, preset in ((3, "paper512"), (4, "faces256")):
            told = quoted(cells[column])
            owner = presets[preset]
            config = owner.encoder.face if part == "face" else getattr(owner, part)  # pyright: ignore
            if told is not None and hasattr(config, name):
                assert getattr(config, name) == ast.literal_eval(told), f"{part}.{name} of {preset}"
                checked += 1
    assert checked > 35


def told_of_recipes(page: Path, stages: dict[str, str], column: int) -> dict[str, dict[str, object]]:
    """What the table rows under each stage's heading say that its recipe has: file -> key -> value."""
    told: dict[str, dict[str, object]] = {file: {} for file in stages.values()}
    stage = ""
    for cells in rows(page):
        heading = re.fullmatch(r"\*\*(.+)\*\*", cells[0])
        if heading:
            stage = stages.get(heading[1], "")
        key = quoted(cells[0])
        if stage and len(cells) == column + 1 and key and key.startswith(("losses.", "networks.", "data.")):
            says = quoted(cells[column])
            if says is not None:
                told[stage][key] = tomllib.loads(f"x = {says}")["x"]
    return told


@pytest.mark.parametrize(
    ("family", "stages", "column"),
    [
        ("deepfacedrawing", {"Stage I": "stage1", "Stage II": "stage2"}, 2),
        ("ups", {"Stage 1": "stage1", "Stage 2": "stage2"}, 3),
    ],
)
def test_the_values_of_the_recipes_are_the_files(family: str, stages: dict[str, str], column: int) -> None:
    folder = ROOT / f"plugins/{family}/s2pzoo_{family}/recipes"
    for file, told in told_of_recipes(DOCS / f"{family}.md", stages, column).items():
        recipe = tomllib.loads((folder / f"{file}.toml").read_text())
        for key, says in told.items():
            value = recipe
            for word in key.split("."):
                value = value[word]
            assert says == value, f"{key} of {file}"
        assert {f"losses.{key}" for key in recipe["losses"]} <= set(told)


def test_the_values_of_the_ups_presets_are_the_code_s() -> None:
    shapes = pytest.importorskip("s2pzoo_ups.config").SHAPES
    contents = pytest.importorskip("s2pzoo_ups.content_config").CONTENTS
    part, checked = "", set()
    for cells in rows(DOCS / "ups.md"):
        heading = re.fullmatch(r"\*\*(.+)\*\*", cells[0])
        part = heading[1] if heading else part
        name = quoted(cells[0])
        if len(cells) != 5 or name is None or part not in ("T, T'", "C"):
            continue
        for column, preset in ((3, "paper128"), (4, "light128")):
            config, told = (shapes if part == "T, T'" else contents)[preset], quoted(cells[column])
            if told is not None:
                assert getattr(config, name) == ast.literal_eval(told), f"{part}.{name} of {preset}"
                checked.add((part, name))
    wanted = {("T, T'", name) for name in ("base", "blocks", "kernel", "resize", "attention", "classes")}
    wanted |= {("C", field.name) for field in attrs.fields(type(contents["paper128"]))} - {("C", "size")}
    assert checked == wanted


def test_the_values_of_contextualgan_are_the_code_s() -> None:
    config = pytest.importorskip("s2pzoo_contextualgan.config")
    recipe = tomllib.loads((ROOT / "plugins/contextualgan/s2pzoo_contextualgan/recipes/faces64.toml").read_text())
    (entry,) = [one for one in s2pzoo_contextualgan_models() if one.default]
    fields, keys, options = set(), set(), set()
    for cells in rows(DOCS / "contextualgan.md"):
        name, told = quoted(cells[0]), [quoted(cell) for cell in cells]
        if name is None:
            continue
        if len(cells) == 5:
            fields.add(name)
            for value, preset in zip(told[2:], ("paper64", "faces64", "joint128"), strict=True):
                generator = config.PRESETS[preset].generator
                assert value is None or getattr(generator, name) == ast.literal_eval(value), name
        elif name.startswith("losses."):
            keys.add(name)
            assert tomllib.loads(f"x = {told[2]}")["x"] == recipe["losses"][name.removeprefix("losses.")], name
        elif told[1] is not None:
            options.add(name)
            assert entry.options[name].default == ast.literal_eval(told[1]), name
    assert fields == {field.name for field in attrs.fields(config.GeneratorConfig)} - {"size"}
    assert keys == {f"losses.{key}" for key in recipe["losses"]}
    assert options == set(entry.options)


def s2pzoo_contextualgan_models() -> list[Model]:
    return pytest.importorskip("s2pzoo_contextualgan.plugin").s2pzoo_models()


def test_every_setting_of_the_tasks_is_told() -> None:
    tasks = pytest.importorskip("s2pzoo_deepfacedrawing.tasks")
    text = (DOCS / "deepfacedrawing.md").read_text(encoding="utf-8")
    for task in (tasks.Stage1, tasks.Stage2):
        told = {f"losses.{key}" for key in task.defaults["losses"]}
        told |= {f"networks.{name}.{key}" for name, table in task.defaults["networks"].items() for key in table}
        assert [key for key in sorted(told) if key not in text] == []


def test_every_option_and_solver_is_told() -> None:
    plugin = pytest.importorskip("s2pzoo_deepfacedrawing.plugin")
    config = pytest.importorskip("s2pzoo_deepfacedrawing.config")
    entry = plugin.s2pzoo_models()[0]
    for page in (DOCS / "quickstart.md", DOCS / "deepfacedrawing.md"):
        text = page.read_text(encoding="utf-8")
        for name in (*entry.options, *config.SOLVERS):
            assert f"`{name}`" in text


# Commands


def commands(page: Path) -> Iterator[str]:
    """Every `s2pzoo ...` of a page: lines of bash blocks, and code in the text."""
    for body in blocks(page, "bash"):
        yield from (line.strip() for line in body.splitlines() if line.strip().startswith("s2pzoo "))
    for code in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(page)):
        if code.startswith("s2pzoo "):
            yield " ".join(code.split())


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_exists_with_its_options(page: Path) -> None:
    verbs = typer.main.get_command(make_app("")).commands  # pyright: ignore[reportAttributeAccessIssue]
    for command in commands(page):
        words = joined(shlex.split(command, comments=True)[1:])
        assert words[0] in verbs, f"{label(page)}: {command}"
        known = {flag for parameter in verbs[words[0]].params for flag in (*parameter.opts, *parameter.secondary_opts)}
        for word in words[1:]:
            if word.startswith("-") and not word[1:2].isdigit():
                assert word in known | {"--help"}, f"{label(page)}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_line_can_be_read(page: Path) -> None:
    group = typer.main.get_command(make_app(""))
    for body in blocks(page, "bash"):
        for line in body.splitlines():
            if line.strip().startswith("s2pzoo "):
                verb, *words = joined(shlex.split(line, comments=True)[1:])
                command = group.commands[verb]  # pyright: ignore[reportAttributeAccessIssue]
                command.make_context(verb, words)  # raises what typer raises for a line it cannot read


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = re.findall(r"^make (\w+)", "\n".join(blocks(page, "bash")), re.MULTILINE)
    assert set(told + re.findall(r"`make (\w+)`", prose(page))) <= targets


# Links


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    assert missing == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
