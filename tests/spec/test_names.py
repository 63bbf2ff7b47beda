"""Names: what is one, what is not, and what was probably meant."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from s2pzoo.errors import BadNameError
from s2pzoo.spec.names import (
    ComponentName,
    ModelName,
    PartName,
    is_family,
    is_word,
    parse,
    parse_component,
    parse_model,
    parse_part,
    suggest,
)

words = st.from_regex(r"[a-z0-9]{1,8}([-_][a-z0-9]{1,8}){0,2}", fullmatch=True)
families = words.filter(lambda word: word[0].isalpha())

HOSTILE = [
    "",
    " ",
    ".",
    "/",
    ":",
    "a.",
    ".a",
    "a..b",
    "a.b.c",
    "a//b",
    "a/b/c",
    "a/",
    "/a",
    "a:",
    ":a",
    "a:b:c",
    "a/b:c",
    "a.b/c",
    "A",
    "Deepfacedrawing",
    "a b",
    " a",
    "a ",
    "a\n",
    "a.b\n",
    "a/b\n",
    "a\x00",
    "a.\u0660",
    "\u0430",
    "caf\u00e9",
    "a\u200b",
    "a--b",
    "a-",
    "-a",
    "_a",
    "a__b",
    "1a",
    "1a.b",
    "../a",
    "./a",
    "a/..",
    "~",
    "C:\\a",
    "C:a\\b",
    "\\\\server\\share",
    "hf://owner/repo",
    "hf-hub:owner/repo",
    "https://a.b/c",
    "a@b",
    "a#b",
    "a?b",
    "a%2eb",
    "a=b",
    "a*",
    "a[0]",
    "a;b",
    "$a",
    "`a`",
    "'a'",
    "a" * 65,
    "a." + "b" * 65,
    "a" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_what_is_no_name_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(BadNameError) as caught:
        parse(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [None, 3, b"a", ["a"]])
def test_a_name_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(BadNameError):
        parse(value)  # pyright: ignore[reportArgumentType]


@given(families, words, words)
@settings(deadline=None)
def test_every_name_reads_back_as_it_was_written(family: str, variant: str, step: str) -> None:
    model = ModelName(family, variant)
    assert parse_model(str(model)) == parse(str(model)) == model
    assert parse_model(family) == ModelName(family, None)
    assert parse_component(f"{family}/{variant}") == parse(f"{family}/{variant}") == ComponentName(family, variant)
    assert parse_part(f"{model}:{step}") == parse(f"{model}:{step}") == PartName(model, step)
    assert parse_part(f"{family}:{step}").model == ModelName(family)


@given(st.text(max_size=30) | st.text(alphabet="ab1.-_/:\n A\u0660", max_size=12))
@example("a.b\n")
@settings(deadline=None, max_examples=400)
def test_any_text_is_read_back_whole_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except BadNameError:
        return
    assert str(parsed) == text
    assert text.isascii()
    assert text == text.lower().strip()


@given(st.text(max_size=12))
@settings(deadline=None)
def test_a_family_is_a_word_that_begins_with_a_letter(text: str) -> None:
    assert is_family(text) == (is_word(text) and text[0] in "abcdefghijklmnopqrstuvwxyz")


class TestSuggest:
    """The nearest names, best first."""

    known = ("deepfacedrawing", "deepfacedrawing.faces256", "contextualgan", "ups")

    def test_a_misspelling_finds_its_name(self) -> None:
        assert suggest("deepfacedrawng", self.known)[0] == "deepfacedrawing"

    def test_case_does_not_matter(self) -> None:
        assert suggest("DeepFaceDrawing", self.known)[0] == "deepfacedrawing"

    def test_a_part_of_a_name_finds_it(self) -> None:
        assert suggest("faces256", self.known) == ("deepfacedrawing.faces256",)

    def test_nothing_near_gives_nothing(self) -> None:
        assert suggest("zzz", self.known) == suggest("", self.known) == ()
