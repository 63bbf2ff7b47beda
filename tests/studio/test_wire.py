"""What page and server say to each other."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2pzoo.errors import BadInputError
from s2pzoo.studio.wire import Request, pack, request, unpack

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@given(head=st.dictionaries(st.text().filter(lambda name: name != "sizes"), values), parts=st.lists(st.binary()))
def test_what_is_packed_is_unpacked(head: dict, parts: list[bytes]) -> None:
    assert unpack(pack(head, *parts)) == (head, parts)


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(message: bytes) -> None:
    with pytest.raises(BadInputError):
        request(message)


@given(message=st.just(pack({"id": 1, "model": "a.b"}, b"xyz")), cut=st.integers(1, 30))
def test_a_message_that_was_cut_is_refused(message: bytes, cut: int) -> None:
    with pytest.raises(BadInputError):
        unpack(message[:-cut])


@pytest.mark.parametrize("head", [{}, {"id": 1}, {"id": 1, "model": "a.b", "tt": 1}, {"id": 1, "model": "a.b", "t": 2}])
def test_a_request_says_what_the_schema_knows(head: dict) -> None:
    with pytest.raises(BadInputError, match="The request is not right"):
        request(pack(head))


def test_a_request_has_what_is_usual_where_it_says_nothing() -> None:
    assert request(pack({"id": 3, "model": "a.b"}, b"..")) == (Request(id=3, model="a.b"), [b".."])


def test_the_head_is_json_behind_its_length() -> None:
    message = pack({"id": 7}, b"ab", b"c")
    (length,) = struct.unpack_from("<I", message)
    assert json.loads(message[4 : 4 + length]) == {"id": 7, "sizes": [2, 1]}
    assert message[4 + length :] == b"abc"
