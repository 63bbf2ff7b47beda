"""The documentation says what the code does: examples run, commands exist, links lead somewhere, no knob is missing."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs
import pytest
import typer
from knob_tables import with_tables

from s2pzoo.cli.app import joined, make_app
from s2pzoo.host import hooks
from s2pzoo.host.plugin import NOUNS
from s2pzoo.spec.model import Declaration
from s2pzoo.train.recipe import read_recipe

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RUN = DOCS / "write-a-plugin.md"  # as a whole: see test_write_a_plugin.py
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


# Hooks and knobs


def test_every_hook_is_told() -> None:
    text = (DOCS / "hooks.md").read_text(encoding="utf-8")
    found = {name: function for name, function in vars(hooks).items() if hasattr(function, "s2pzoo_spec")}
    assert set(found) == {"s2pzoo_plugin", "s2pzoo_find_weights"}
    for name, function in found.items():
        signature = f"{name}{inspect.signature(function)}".replace("'", "")
        section = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert signature in section, f"docs/hooks.md does not say {signature}"
        assert " ".join((inspect.getdoc(function) or "").split()) in " ".join(section.split())
        assert ("The first" in section) == bool(function.s2pzoo_spec["firstresult"])


def test_every_noun_of_a_declaration_is_told_with_all_its_fields() -> None:
    text = (DOCS / "hooks.md").read_text(encoding="utf-8")
    assert set(NOUNS) == {noun.name for noun in attrs.fields(Declaration)}
    for noun, entry in NOUNS.items():
        section = text.partition(f"### {noun.removesuffix('s').capitalize()}\n")[2].partition("\n#")[0]
        told = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        assert {one.name for one in attrs.fields(entry)} <= told, noun


def test_the_tables_of_knobs_are_as_the_schema_says() -> None:
    """In a process of its own: tests of plugins add presets to theirs."""
    command = [sys.executable, str(ROOT / "tools/knob_tables.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run python tools/knob_tables.py"


def test_every_task_and_every_preset_has_its_table() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for family in ("deepfacedrawing", "ups", "contextualgan"):
        recipes = [file.name.removesuffix(".toml") for file in (files(f"s2pzoo_{family}") / "recipes").iterdir()]
        told = [name for name in recipes if f"<!-- table recipe {family}/{name} -->" in text]
        tasks = {read_recipe(f"{family}/{name}").task for name in recipes}
        assert {read_recipe(f"{family}/{name}").task for name in told} == tasks


def test_a_stale_table_is_seen_and_written_anew() -> None:
    text = "Before.\n\n<!-- table options ups.shoes128 -->\nold\n<!-- end -->\n\nAfter.\n"
    made = with_tables(text)
    assert "old" not in made and "| `alpha` | `1.0` | float 0 to 1 |" in made
    assert made.startswith("Before.") and made.endswith("After.\n") and with_tables(made) == made


def test_every_option_and_solver_is_told() -> None:
    config = pytest.importorskip("s2pzoo_deepfacedrawing.config")
    text = (DOCS / "deepfacedrawing.md").read_text(encoding="utf-8")
    assert all(f"- `{name}`" in text for name in config.SOLVERS)


# Commands


def commands(page: Path) -> Iterator[str]:
    """Every `s2pzoo ...` of a page: lines of bash blocks, and code in the text."""
    if page == RUN:
        return
    for body in blocks(page, "bash"):
        yield from (line.strip() for line in body.splitlines() if line.strip().startswith("s2pzoo "))
    for code in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(page)):
        if code.startswith("s2pzoo "):
            yield " ".join(code.split())


def verb(name: str) -> Any:
    """A verb of the command line, our own or a plugin's, with its options."""
    verbs = typer.main.get_command(make_app(name)).commands  # pyright: ignore[reportAttributeAccessIssue]
    assert name in verbs
    return verbs[name]


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_exists_with_its_options(page: Path) -> None:
    for command in commands(page):
        name, *words = joined(shlex.split(command, comments=True)[1:])
        known = {flag for parameter in verb(name).params for flag in (*parameter.opts, *parameter.secondary_opts)}
        for word in words:
            if word.startswith("-") and not word[1:2].isdigit():
                assert word in known | {"--help"}, f"{label(page)}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_line_can_be_read(page: Path) -> None:
    for body in blocks(page, "bash") if page != RUN else ():
        for line in body.splitlines():
            if line.strip().startswith("s2pzoo "):
                name, *words = joined(shlex.split(line, comments=True)[1:])
                verb(name).make_context(name, words)  # raises what typer raises for a line it cannot read


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
