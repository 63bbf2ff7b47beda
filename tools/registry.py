"""The catalogue in `registry/`: make what is made of it, and check what is in it.

    python tools/registry.py          # the JSON Schemas, the entries of our own bundles, README's table of models anew
    python tools/registry.py --check  # only say what is stale or wrong; the exit code is then 1

The schemas are those of the attrs classes of `s2pzoo.host.catalogue`; our own bundles' entries say what their manifests
say. The wheel of the core holds the whole folder.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from s2pzoo.errors import S2PZooError
from s2pzoo.host.catalogue import Catalogue, KnownBundle, KnownPlugin, read_catalogue
from s2pzoo.weights.bundle import read_bundle
from s2pzoo.weights.card import markdown_table
from s2pzoo.weights.publish import catalogue_entry

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = ROOT / "registry"
_TABLE = re.compile(r"(<!-- models -->\n).*?(?=<!-- end -->)", re.DOTALL)
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}


def schema(cls: type[Any]) -> dict[str, Any]:
    """The JSON Schema of an attrs class: what a TOML file of it may say."""
    hints = get_type_hints(cls)
    docs = inspect.getdoc(cls) or ""
    told = dict(re.findall(r"^    (\w+): (.+?)(?=\n    \w+:|\n\S|\Z)", docs, re.MULTILINE | re.DOTALL))
    fields = attrs.fields(cls)
    return {
        "title": cls.__name__,
        "description": docs.splitlines()[0],
        "type": "object",
        "properties": {
            one.name: _form(hints[one.name]) | {"description": " ".join(told.get(one.name, "").split())}
            for one in fields
        },
        "required": [one.name for one in fields if one.default is attrs.NOTHING],
        "additionalProperties": False,
    }  # fmt: skip


def _form(kind: Any) -> dict[str, Any]:
    if attrs.has(kind):
        return schema(kind)
    inside = get_args(kind)
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": _form(inside[1])}
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _form(inside[0])}
    return {"type": _TYPES[kind]} if kind in _TYPES else {}


def ours(catalogue: Catalogue) -> dict[str, Path]:
    """Model name -> the folder of its bundle in this repository."""
    named = {one.name: ROOT.glob(f"plugins/{one.family}/s2pzoo_*/weights/{one.name.partition('.')[2]}")
             for one in catalogue.bundles.values()}  # fmt: skip
    return {name: folder for name, folders in named.items() for folder in folders}


def models(catalogue: Catalogue) -> str:
    """README's table: a row for each plugin, with its bundles."""
    folders, rows = ours(catalogue), []
    for family, plugin in sorted(catalogue.plugins.items(), key=lambda item: (not item[1].default, item[0])):
        cells = []
        for bundle in (one for one in catalogue.bundles.values() if one.family == family):
            card = f"{folders[bundle.name].relative_to(ROOT)}/README.md" if bundle.name in folders else bundle.hub
            cells.append(f"[`{bundle.name}`]({card}): {bundle.size / 1e6:.0f} MB, {bundle.licence.weights}")
        rows.append([f"`{family}`", plugin.summary, "; ".join(cells) or "none; recipes train them"])
    return markdown_table(["family", "what it is", "weights in the package"], rows)


def made(catalogue: Catalogue) -> dict[Path, str]:
    """Every file that is made, with what it should hold."""
    files = {
        REGISTRY / f"{name}.schema.json": json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema(cls)}, indent=2
        ) + "\n"
        for name, cls in (("plugin", KnownPlugin), ("bundle", KnownBundle))
    }  # fmt: skip
    for name, folder in ours(catalogue).items():
        known = catalogue.bundles[name]
        entry = catalogue_entry(
            read_bundle(folder), summary=known.summary, hub=known.hub, bundled=True, signer=known.signer
        )
        files[REGISTRY / "bundles" / f"{name}.toml"] = entry
    readme = ROOT / "README.md"
    table = models(catalogue)
    files[readme] = _TABLE.sub(lambda found: f"{found[1]}\n{table}\n\n", readme.read_text(encoding="utf-8"))
    return files


def wrong(catalogue: Catalogue) -> list[str]:
    """What the catalogue says that is not so, as far as this repository can tell."""
    found = []
    for family, plugin in catalogue.plugins.items():
        project = ROOT / "plugins" / family / "pyproject.toml"
        if not project.is_file():
            continue
        said: Mapping[str, Any] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        for name, ours_, theirs in (
            ("distribution", plugin.distribution, said["name"]), ("licence", plugin.licence, said["license"]),
        ):  # fmt: skip
            found += [] if ours_ == theirs else [f"plugins/{family}.toml: {name} is {theirs!r}, not {ours_!r}"]
    distributions = [plugin.distribution for plugin in catalogue.plugins.values()]
    found += [f"{name} is listed twice" for name in {one for one in distributions if distributions.count(one) > 1}]
    defaults = [family for family, plugin in catalogue.plugins.items() if plugin.default]
    found += [f"several are the default: {', '.join(defaults)}"] if len(defaults) > 1 else []
    folders = ours(catalogue)
    found += [
        f"{name} is bundled, it says, and has no folder in this repository"
        for name, bundle in catalogue.bundles.items()
        if bundle.bundled and name not in folders and (ROOT / "plugins" / bundle.family).is_dir()
    ]
    places = [bundle.hub for bundle in catalogue.bundles.values() if bundle.hub]
    found += [f"{place} is listed twice" for place in {one for one in places if places.count(one) > 1}]
    listed = {folder.resolve() for folder in folders.values()}
    unlisted = [path.parent for path in ROOT.glob("plugins/*/s2pzoo_*/weights/*/manifest.json")]
    marked = _TABLE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    found += [] if marked else ["README.md has no place for the table: <!-- models --> and <!-- end -->"]
    return found + [f"{path.relative_to(ROOT)} is not listed" for path in unlisted if path.resolve() not in listed]


def main() -> int:
    parser = argparse.ArgumentParser(description="The catalogue: make what is made of it, check what is in it.")
    parser.add_argument("--check", action="store_true", help="only say what is stale or wrong")
    checking = parser.parse_args().check
    try:
        catalogue = read_catalogue(REGISTRY)
        files = made(catalogue)
    except (S2PZooError, OSError, ValueError, KeyError) as error:
        print(error)
        return 1
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    problems = wrong(catalogue)
    for path in stale:
        if checking:
            problems.append(f"{path.relative_to(ROOT)} is stale: run python tools/registry.py")
        else:
            path.write_text(files[path], encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
    if stale and not checking:  # README's table says what the entries say, which were written just now
        return main()
    print("\n".join(problems) or f"{len(catalogue.plugins)} plugins, {len(catalogue.bundles)} bundles: right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
