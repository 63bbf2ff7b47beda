"""Style sheets of an SVG -> the `style` of each element, as browsers cascade them; selectors by cssselect2.

Whoever reads the drawing afterwards, resvg or svgelements, finds in each element's own style what holds for it.
"""

from __future__ import annotations

import re
import time
from typing import Any
from xml.etree.ElementTree import Element

from s2pzoo.imaging.drawer import TooCostlyError

REACH = 1_000_000
"""Elements that a selector may have to look at for one match."""

_FAR = re.compile(r"\s*~\s*|(?<![>+~\s,(])\s+(?![>+~\s,)])")
LONGEST = 4_000_000
"""Letters that sheets may write into all elements together."""

_GEOMETRY = re.compile(r"(?<![\w-])(transform|cx|cy|rx|ry|r|x|y|width|height|d)\s*:\s*([^;]*);?", re.IGNORECASE)
_ELSEWHERE = re.compile(r"print|speech|:\s*dark|monochrome|min-width:\s*\d{4}|max-width:\s*\d{1,2}px")
_PLAIN = re.compile(r"[-+.\d][\w.%+-]*")
_TURNS = {"deg": 1.0, "grad": 0.9, "rad": 57.29577951308232, "turn": 360.0}
_ANGLE = re.compile(r"(?<![\d.])([-+]?[\d.]{1,30}(?:e-?\d{1,3})?)(deg|grad|rad|turn)", re.IGNORECASE)
_ALONG = {"translatex": "translate({})", "translatey": "translate(0 {})", "scalex": "scale({} 1)",
          "scaley": "scale(1 {})", "rotatez": "rotate({})"}  # fmt: skip
_ONE_AXIS = re.compile(r"\b(translate[XY]|scale[XY]|rotateZ)\(([^()]*)\)", re.IGNORECASE)


def cascade(root: Element, *, seconds: float) -> None:
    """Write into each element what the sheets say of it, and take the sheets out; and into attributes what SVG 2 lets
    styles say of places and transformations. Raises TooCostlyError after so many `seconds` of the processor.
    """
    end = time.thread_time() + seconds
    sheets = [(parent, one) for parent in root.iter() for one in parent if tag_of(one) == "style"]
    texts = [one.text or "" for _, one in sheets if _is_css(one)]
    if any("{" in text for text in texts):
        _apply(texts, root, end)
    for parent, one in sheets:
        parent.remove(one)
    for element in root.iter():
        if "style" in element.attrib and element is not root:
            if time.thread_time() > end:
                raise TooCostlyError
            said = {}

            def taken(found: re.Match[str], said: dict[str, str] = said) -> str:
                if (known := _as_attribute(found[1].lower(), found[2].strip())) is None:
                    return found[0]
                said[found[1].lower()] = known
                return ""  # else resvg would take what it may not understand

            element.set("style", _GEOMETRY.sub(taken, element.get("style", "")))
            element.attrib.update(said)


def _is_css(style: Element) -> bool:
    return style.get("type", "text/css").strip().lower() in ("", "text/css") and _holds("media", style.get("media", ""))


def _apply(texts: list[str], root: Element, end: float) -> None:
    """What a sheet says, behind it what the element says itself, behind that what is important."""
    from cssselect2 import ElementWrapper, Matcher, SelectorError, compile_selector_list
    from tinycss2 import serialize

    matcher = Matcher()
    reach = max(_depth(root), *(len(one) for one in root.iter()))
    for rule in (rule for text in texts for rule in _rules(text)):
        try:
            wanted = serialize(rule.prelude)
            far = max(len(_FAR.findall(one.strip())) for one in wanted.split(",")) + wanted.count(":has(")
            if reach**far > REACH or time.thread_time() > end:
                raise TooCostlyError
            said = _declared(rule.content)
            if wanted.count(",") > 1000:
                raise TooCostlyError
            for selector in compile_selector_list(rule.prelude):
                if selector.pseudo_element is None:
                    matcher.add_selector(selector, said)
        except (SelectorError, RecursionError, SyntaxError, MemoryError):  # browsers pass it over, too
            continue
    written = 0
    for wrapped in ElementWrapper.from_xml_root(root).iter_subtree():
        if time.thread_time() > end:
            raise TooCostlyError
        if found := [payload for *_, payload in matcher.match(wrapped)]:
            own = wrapped.etree_element.get("style", "")
            plain, important = _declared(own) if "!" in own else (own, "")
            told = (*(one for one, _ in found), plain, *(one for _, one in found), important)
            style = ";".join(one for one in told if one.strip())
            wrapped.etree_element.set("style", style)
            if (written := written + len(style)) > LONGEST:
                raise TooCostlyError


def _rules(text: str) -> list:
    """The rules of a sheet that hold on a screen."""
    from tinycss2 import parse_rule_list, parse_stylesheet, serialize

    rules, todo = [], list(reversed(parse_stylesheet(text, skip_comments=True, skip_whitespace=True)))
    while todo:
        rule = todo.pop()
        if rule.type == "qualified-rule":
            rules.append(rule)
        elif rule.type == "at-rule" and rule.content and _holds(rule.lower_at_keyword, serialize(rule.prelude)):
            todo += reversed(parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True))
    return rules


def _holds(keyword: str, condition: str) -> bool:
    """Whether what a conditional rule asks for is so, where black is drawn on white paper."""
    if keyword != "media":
        return keyword == "layer" or (keyword == "supports" and not condition.strip().lower().startswith("not"))
    queries = [one.strip().lower() for one in condition.split(",")]
    return any(one.startswith("not") != (not _ELSEWHERE.search(one)) for one in queries)


def _declared(content: str | list) -> tuple[str, str]:
    """Declarations as text: those that are not important, and those that are."""
    from tinycss2 import parse_blocks_contents, serialize

    told = [one for one in parse_blocks_contents(content) if one.type == "declaration"]
    plain, important = (
        ";".join(
            f"{_property(one)}:{value}"
            for one in told
            if one.important is wanted and (value := serialize(one.value).strip())
        )
        for wanted in (False, True)
    )
    return plain, important


def _property(declaration: Any) -> str:
    """Its name; of a variable as it is written."""
    return declaration.name if declaration.name.startswith("--") else declaration.lower_name


def _as_attribute(name: str, value: str) -> str | None:
    """A property of SVG 2 as the attribute of its name, or None where that cannot say it."""
    if len(value) > 2000 and name != "d":
        return None
    if name == "d":
        path = re.fullmatch(r"""path\(\s*["']([^"']*)["']\s*\)""", value)
        return path and path[1]
    if name != "transform":
        return value.removesuffix("px") if _PLAIN.fullmatch(value) else None
    value = _ANGLE.sub(lambda one: f"{float(one[1]) * _TURNS[one[2].lower()]:.9g}", value.replace("px", ""))
    value = _ONE_AXIS.sub(lambda one: _ALONG[one[1].lower()].format(one[2].strip()), value)
    return "" if value == "none" else value


def _depth(root: Element) -> int:
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for one in level for child in one]
    return depth


def tag_of(element: Element) -> str:
    """Without its namespace."""
    return str(element.tag).rpartition("}")[2]
