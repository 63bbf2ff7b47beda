"""What faces are like, in numbers, and in words: traits of the samples of a bank, and texts that ask for them.

A trait is a number from -1 to 1. The words are a small vocabulary; a plugin that understands more gives another `wish`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from s2pzoo.errors import BadOptionError
from s2pzoo.imaging.pixels import luma
from s2pzoo.spec.names import hint

UNKNOWN = -9.0

_HAIR = {"bald": -1.0, "short": -0.4, "tied": 0.0, "curly": 0.2, "long": 1.0}
_EITHER = {"no": -1.0, "yes": 1.0, "female": -1.0, "male": 1.0}
_CHEEKS = ((94, 160), (162, 160))  # x, y of a 256-pixel frame
_REACH = 10


def traits_of(tags: Mapping[str, str], photo: NDArray[np.float32]) -> list[float]:
    """The `config.TRAITS` and `config.TAGS` of a face: of the tags of its corpus, and its photo (S,S,3) in [0,1].

    `UNKNOWN` where nothing says.
    """
    age = tags.get("age", "")
    years = float(age) if age.replace(".", "", 1).isdigit() else None
    lightness = float(np.median(luma(cheeks(photo)[None])))
    return [
        UNKNOWN if years is None else float(np.clip((years - 40) / 25, -1, 1)),
        _EITHER.get(tags.get("gender", ""), UNKNOWN),
        float(np.clip((0.58 - lightness) / 0.25, -1, 1)),
        _HAIR.get(tags.get("hair", ""), UNKNOWN),
        _EITHER.get(tags.get("beard", ""), UNKNOWN),
    ]


def cheeks(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """The pixels (K,3) of both cheeks of an aligned photo (S,S,3)."""
    scale = len(photo) / 256
    return np.concatenate([photo[_around(y, scale), _around(x, scale)].reshape(-1, 3) for x, y in _CHEEKS])


def _around(centre: int, scale: float) -> slice:
    return slice(round((centre - _REACH) * scale), round((centre + _REACH) * scale))


@frozen(kw_only=True)
class Wish:
    """What a text asks for.

    Attributes:
        gender, age: of the samples, as the options of these names.
        tags: which the samples have (1) or have not (-1).
        traits: how far the face is moved.
    """

    gender: str = "any"
    age: str | None = None
    tags: dict[str, int] = field(factory=dict)
    traits: dict[str, float] = field(factory=dict)


_MUCH = 0.7
_WORDS: dict[str, Wish] = {
    **dict.fromkeys(("man", "male", "boy", "gentleman", "he"), Wish(gender="male")),
    **dict.fromkeys(("woman", "female", "girl", "lady", "she"), Wish(gender="female")),
    **dict.fromkeys(("young", "teenage", "youthful"), Wish(age="0-29")),
    **dict.fromkeys(("middle-aged", "middle aged"), Wish(age="35-55")),
    **dict.fromkeys(("old", "elderly", "aged", "senior"), Wish(age="50-120", traits={"age": _MUCH})),
    **dict.fromkeys(("beard", "bearded", "moustache", "mustache", "stubble"), Wish(tags={"beard": 1})),
    **dict.fromkeys(("no beard", "without beard", "without a beard", "clean-shaven", "clean shaven", "shaved"),
                    Wish(tags={"beard": -1})),
    **dict.fromkeys(("bald", "no hair", "hairless"), Wish(traits={"hair": -1.0})),
    **dict.fromkeys(("long hair", "long-haired"), Wish(traits={"hair": 1.0})),
    **dict.fromkeys(("short hair", "short-haired"), Wish(traits={"hair": -0.4})),
    **dict.fromkeys(("dark skin", "dark-skinned", "black"), Wish(traits={"skin": _MUCH})),
    **dict.fromkeys(("light skin", "light-skinned", "pale", "fair", "white"), Wish(traits={"skin": -_MUCH})),
}  # fmt: skip
_NOTHING = frozenset(
    ("a", "an", "the", "of", "with", "and", "has", "having", "who", "is", "very",
     "person", "face", "portrait", "somebody", "someone")
)  # fmt: skip


def wish(text: str) -> Wish:
    """What a text asks for: `an old man with a beard`.

    Raises:
        BadOptionError: a word that is not of the vocabulary.
    """
    words = re.findall(r"[\w'-]+", text.lower())
    made, at = Wish(), 0
    while at < len(words):
        for length in (3, 2, 1):  # the longest first: `long hair`
            phrase = " ".join(words[at : at + length])
            if phrase in _WORDS:
                asked = _WORDS[phrase]
                made = Wish(
                    gender=asked.gender if asked.gender != "any" else made.gender, age=asked.age or made.age,
                    tags=made.tags | asked.tags, traits=made.traits | asked.traits,
                )  # fmt: skip
                break
            if length == 1 and phrase not in _NOTHING:
                raise BadOptionError(
                    f"There is no word {phrase!r} for faces here.", why=f"There are: {', '.join(_WORDS)}.",
                    fix=hint(phrase, _WORDS),
                )  # fmt: skip
        at += length
    return made
