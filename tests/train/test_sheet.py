from __future__ import annotations

import numpy as np
import torch

from s2pzoo.pipeline.inputs import to_images
from s2pzoo.train.sheet import sheet


def test_a_sheet_has_a_row_for_each_picture_and_a_column_for_each_name() -> None:
    columns = {"sketch": torch.zeros(3, 1, 32, 32), "photo": torch.full((3, 3, 32, 32), 0.5, dtype=torch.bfloat16)}
    small, large = sheet(columns, cell=32), sheet(columns, cell=64)
    assert 2 * 32 < small.width < 3 * 32 and 3 * 32 < small.height < 4 * 32
    assert large.width > 2 * 64 and large.height > 3 * 64
    assert sheet({"sketch": columns["sketch"]}, cell=32).width < small.width


def test_a_picture_of_one_channel_is_grey_and_of_three_is_coloured() -> None:
    grey = to_images(torch.full((1, 1, 2, 4), 0.5))[0]
    red = to_images(torch.tensor([1.2, 0.0, -3.0])[None, :, None, None].expand(1, 3, 2, 4))[0]
    assert (grey.mode, grey.size) == ("L", (4, 2)) and np.asarray(grey)[0, 0] == 128
    assert (red.mode, red.size) == ("RGB", (4, 2)) and np.asarray(red)[0, 0].tolist() == [255, 0, 0]
