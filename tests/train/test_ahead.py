from __future__ import annotations

import sys

import pytest

from s2pzoo.errors import Remark
from s2pzoo.train.ahead import side_by_side


def doubled(number: int) -> int:
    return 2 * number


def test_batches_come_in_their_order_from_processes() -> None:
    assert list(side_by_side(doubled, range(5), workers=2)) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_where_no_process_can_be_forked_the_batches_are_the_same_and_it_is_told(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.warns(Remark, match="needs Linux"):
        batches = side_by_side(doubled, range(5), workers=2)
    assert list(batches) == [0, 2, 4, 6, 8]
