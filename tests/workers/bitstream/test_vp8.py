"""What real streams of libvpx tell, held against what FFmpeg decodes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from media.codec import Codec
from workers.bitstream.vp8 import Vp8Parser
from workers.decode.decoder import UnitDecoder
from workers.errors import BrokenUnit
from workers.media.frame_info import MotionGrid, Source, cells

from .vp8_clips import LAYERS, LIVE, RESILIENT, Luma, busy, coded, decoded, pan, still

WAYS = {
    "as workers": LIVE,
    "fastest": {**LIVE, "cpu-used": "-16"},
    "resilient": RESILIENT,
    "partitions": {**RESILIENT, "error-resilient": "default+partitions", "slices": "8"},
    "static threshold": {**LIVE, "cpu-used": "-6", "static-thresh": "100", "slices": "4"},
    "with split vectors": {"deadline": "good", "cpu-used": "0"},
    "layers": LAYERS,
    "full samples": {**LIVE, "profile": "3"},
}
SIZES = [(322, 182), (64, 48), (33, 17), (16, 16)]


@pytest.mark.parametrize("way", WAYS)
def test_the_first_partition_of_every_frame_is_read_just_to_its_end(way: str) -> None:
    for width, height in SIZES:
        parser = Vp8Parser()
        for index, unit in enumerate(coded(busy(12, width, height), WAYS[way], key_every=8)):
            frame = parser.parse(unit)
            # One wrong probability or bit, and all that follows is noise, which ends anywhere.
            assert frame.bytes_unread in (0, 1)
            assert (frame.width, frame.height) == (width, height)
            assert frame.info.is_key == (index % 8 == 0)
            assert frame.info.coded_bytes == len(unit)
            assert frame.is_shown


def test_grids_have_the_cells_of_the_picture() -> None:
    parser = Vp8Parser()
    for unit in coded(busy(3, 322, 182), LIVE):
        frame = parser.parse(unit)
        info = frame.info
        assert info.qp is not None and info.qp.dtype == np.uint8
        assert info.qp.shape == cells(322, 182) == (23, 41)
        assert info.skipped is not None and info.skipped.shape == (23, 41)
        assert frame.skipped.shape == frame.references.shape == (12, 21)
        assert (info.motion is None) == info.is_key
        if info.motion is not None:
            assert info.motion.dx.shape == info.motion.valid.shape == (23, 41)
            assert info.motion.dx.dtype == info.motion.dy.dtype == np.int16
            assert info.motion.source is Source.BITSTREAM


def test_a_result_does_not_change_with_the_next_frame() -> None:
    parser = Vp8Parser()
    first, second, *_ = [parser.parse(unit) for unit in coded(busy(3, 64, 48), LIVE)][1:]
    again = Vp8Parser()
    expected = [again.parse(unit) for unit in coded(busy(2, 64, 48), LIVE)][1]
    assert first.info.motion is not None and expected.info.motion is not None
    assert np.array_equal(first.info.motion.dx, expected.info.motion.dx)
    assert np.array_equal(first.skipped, expected.skipped)
    assert np.array_equal(first.references, expected.references)
    assert second.info.motion is not None
    assert not np.array_equal(first.info.motion.dx, second.info.motion.dx)


@pytest.mark.parametrize("speed", ["-6", "-8", "-12", "-16"])
@pytest.mark.parametrize(("dx", "dy"), [(3, 2), (-2, 1)])
def test_a_pan_is_recovered_exactly(speed: str, dx: int, dy: int) -> None:
    parser = Vp8Parser()
    units = coded(pan(10, 322, 182, dx, dy), {**LIVE, "cpu-used": speed}, kbps=3000)
    for unit in units[:2]:
        parser.parse(unit)
    for unit in units[2:]:
        motion = parser.parse(unit).info.motion
        assert motion is not None
        # Not the edge, where what comes into the picture was not in the one before.
        inside = np.s_[1:-2, 1:-2]
        valid = motion.valid[inside]
        right = (motion.dx[inside] == 4 * dx) & (motion.dy[inside] == 4 * dy)
        assert valid.mean() > 0.98
        assert right[valid].mean() > 0.98


def _moved(before: Luma, motion: MotionGrid) -> Luma:
    """The previous picture, each cell by its vector."""
    height, width = before.shape
    x, y = (
        (grid.repeat(8, axis=0).repeat(8, axis=1)[:height, :width] / 4 + start).astype(np.float32)
        for grid, start in (
            (motion.dx, np.arange(width)[None, :]),
            (motion.dy, np.arange(height)[:, None]),
        )
    )
    return np.asarray(
        cv2.remap(before, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


@pytest.mark.parametrize("way", ["as workers", "fastest", "resilient", "layers"])
def test_skipped_cells_are_the_previous_picture_moved(way: str) -> None:
    parser, decoder = Vp8Parser(), UnitDecoder(Codec.VP8)
    apart: list[float] = []
    before: Luma | None = None
    for lumas in (busy(24, 320, 176), pan(12, 320, 176, 3, 2)):
        for unit in coded(lumas, WAYS[way], kbps=250):
            info, now = parser.parse(unit).info, decoded(decoder, unit)
            assert now is not None
            if info.motion is not None and before is not None and info.skipped is not None:
                error = cv2.absdiff(_moved(before, info.motion), now)
                means = error.reshape(22, 8, 40, 8).mean(axis=(1, 3))
                apart += means[info.motion.valid & info.skipped].tolist()
            before = now
    assert len(apart) > 1000
    assert np.mean(np.array(apart) < 2) > 0.99
    assert np.mean(apart) < 0.6


def test_frames_that_refresh_nothing_leave_the_next_one_without_motion() -> None:
    parser = Vp8Parser()
    frames = [parser.parse(unit) for unit in coded(pan(16, 128, 96, 3, 2), LAYERS, kbps=2000)]
    motions = [frame.info.motion for frame in frames[1:]]
    fractions = [float(motion.valid.mean()) for motion in motions if motion is not None]
    # Upper layer: from the frame before. Lower layer: from the one before that.
    assert min(fractions[0::2]) > 0.9
    assert max(fractions[1::2]) == 0
    # It is not for want of vectors.
    assert all((frame.references > 0).mean() > 0.5 for frame in frames[1:])


@pytest.mark.parametrize(("quantizer", "q_index"), [("0", 0), ("63", 127)])
def test_the_quantizer_of_every_cell_is_the_frames(quantizer: str, q_index: int) -> None:
    parser = Vp8Parser()
    options = {**LIVE, "qmin": quantizer, "qmax": quantizer}
    for unit in coded(busy(4, 64, 48), options, kbps=3000 if q_index == 0 else 20):
        frame = parser.parse(unit)
        assert frame.info.qp is not None
        assert (frame.info.qp == q_index).all()


def test_the_cyclic_refresh_of_resilient_streams_is_seen_in_the_quantizer() -> None:
    parser = Vp8Parser()
    refreshed = np.zeros((12, 20), np.bool_)
    for unit in coded(still(30, 160, 96), RESILIENT, kbps=100):
        qp = parser.parse(unit).info.qp
        assert qp is not None
        values = np.unique(qp)
        assert len(values) <= 2
        if len(values) == 2:
            refreshed |= qp == values[0]
    assert refreshed.mean() > 0.3


def test_a_refused_frame_leaves_no_state_until_the_next_key_frame() -> None:
    units = coded(busy(6, 64, 48), LIVE, key_every=4)
    parser = Vp8Parser()
    with pytest.raises(BrokenUnit, match="without the frame before"):
        parser.parse(units[1])
    parser.parse(units[0])
    with pytest.raises(BrokenUnit):
        parser.parse(units[1][:12])
    with pytest.raises(BrokenUnit, match="without the frame before"):
        parser.parse(units[2])
    assert parser.parse(units[4]).info.is_key
    assert parser.parse(units[5]).info.motion is not None
    parser.forget()
    with pytest.raises(BrokenUnit, match="without the frame before"):
        parser.parse(units[5])


def test_the_size_may_change_at_a_key_frame() -> None:
    parser = Vp8Parser()
    for width, height in ((64, 48), (128, 96), (33, 17)):
        for unit in coded(busy(3, width, height), LIVE):
            frame = parser.parse(unit)
            assert frame.info.qp is not None
            assert frame.info.qp.shape == cells(width, height)
