from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import minimum_filter

from s2pzoo.imaging.formats import strokes_of
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.sequence import from_sequence, in_order, padded, simplified, to_sequence, traced
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.nn.adapters import Rasterise, Trace
from s2pzoo.spec.adapters import AdapterConfig

points = st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32))
drawings = st.lists(st.lists(points, min_size=1, max_size=12), max_size=8)


@settings(deadline=None)
@given(drawings)
def test_lines_survive_being_a_sequence(lines: list[list[tuple[float, float]]]) -> None:
    arrays = [np.array(line, np.float32) for line in lines]
    back = from_sequence(to_sequence(arrays))
    assert [len(line) for line in back] == [len(line) for line in arrays]
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(arrays, back, strict=True))


@settings(deadline=None)
@given(drawings, st.integers(2, 30))
def test_simplified_lines_have_no_more_points_than_are_asked_for(lines: list, longest: int) -> None:
    fewer = simplified([np.array(line, np.float32) for line in lines], longest=longest)
    assert len(to_sequence(fewer)) <= longest


def test_a_sequence_is_what_sketch_rnn_calls_stroke_5() -> None:
    lines = [np.array([[0.1, 0.1], [0.9, 0.1]]), np.array([[0.5, 0.2], [0.5, 0.8], [0.2, 0.8]])]
    sequence = to_sequence(lines)
    assert sequence.shape == (6, 5) and (sequence[:, 2:].sum(1) == 1).all()
    read = strokes_of((sequence * [100, 100, 1, 1, 1]).tolist(), form="stroke-5")
    assert [len(line) for line in read.points] == [2, 3]


def test_points_on_a_straight_line_are_left_out() -> None:
    line = np.stack([np.linspace(0, 1, 50), np.full(50, 0.5)], 1)
    assert simplified([line], longest=100)[0].tolist() == [[0.0, 0.5], [1.0, 0.5]]


def test_sequences_of_any_length_lie_in_one_array() -> None:
    both = padded([to_sequence([]), to_sequence([np.zeros((3, 2))])])
    assert both.shape == (2, 4, 5) and (both[0, :, 4] == 1).all()


@pytest.mark.parametrize("side", [64, 256])
def test_a_drawing_is_traced_and_drawn_again_where_it_was(side: int) -> None:
    square = Strokes.of([np.array([[0.2, 0.3], [0.8, 0.3], [0.8, 0.7], [0.2, 0.7], [0.2, 0.3]])], width=3 / side)
    drawing = rasterise(square, side)
    again = rasterise(Strokes.of(from_sequence(traced(drawing, longest=250)), width=3 / side), side)
    for one, other in ((drawing, again), (again, drawing)):
        near = minimum_filter(other, size=max(3, side // 40))
        assert (near[one < 0.3] < 0.5).mean() > 0.95


def test_the_adapters_trace_and_draw() -> None:
    drawing = torch.from_numpy(rasterise(Strokes.of([np.array([[0.2, 0.5], [0.8, 0.5]])]), 128))[None, None]
    strokes = Trace(AdapterConfig(kind_from="sketch", kind_to="strokes"))(sketch=torch.cat([drawing, 0 * drawing + 1]))
    assert strokes.shape[::2] == (2, 5) and (strokes[1, :, 4] == 1).all()
    back = Rasterise(AdapterConfig(kind_from="strokes", kind_to="sketch", size=128))(strokes=strokes)
    assert back.shape == (2, 1, 128, 128) and (back[1] == 1).all()
    assert (back[0, 0, 60:68, 40:90].amin(0) < 0.5).all()


def test_lines_are_drawn_from_end_to_nearest_end_and_joined_where_they_touch() -> None:
    square = [[(0.2, 0.2), (0.8, 0.2)], [(0.8, 0.8), (0.8, 0.2)], [(0.2, 0.8), (0.8, 0.8)], [(0.5, 0.9), (0.9, 0.9)]]
    drawn = in_order([np.array(line) for line in square])
    wanted = [[[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]], [[0.5, 0.9], [0.9, 0.9]]]
    assert len(drawn) == 2 and all(np.allclose(a, b) for a, b in zip(drawn, wanted, strict=True))


@settings(deadline=None)
@given(drawings)
def test_no_point_is_lost_or_made_up_in_order(lines: list) -> None:
    arrays = [np.array(line, np.float32) for line in lines]
    before = {tuple(point) for line in arrays for point in line.tolist()}
    after = {tuple(point) for line in in_order(arrays, touching=0.0) for point in line.tolist()}
    assert after == before
