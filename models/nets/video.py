"""The protocol of nets that enhance a running video frame by frame."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

__all__ = ["VideoNet"]


class VideoNet(Protocol):
    """A net that enhances a running video, one frame for each call, without frames of the future.

    A net's own memory travels in and out as tensors, so that a caller can hold many streams with
    one net, move a stream elsewhere, or start it afresh.
    """

    scale: int
    """The output is this many times as wide and high."""
    colours: int
    """Channels of a frame: 1 is luma, 3 is RGB."""
    window: int
    """Frames that a call takes, oldest first."""
    lookahead: int
    """Number of them that came after the current frame in training. A live stream has none: the
    newest frame takes their places, as at the end of a clip.
    """
    size_multiple: int
    """Height and width must be multiples of this."""
    smallest: int
    """Least height and width."""

    def start(self, height: int, width: int, *, batch: int = 1) -> tuple[Tensor, ...]:
        """The state before the first frame; empty for a net without memory."""
        ...

    def step(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """frames [N, window, colours, H, W] in 0..1 -> the enhanced frame [N, colours, scale*H,
        scale*W], not clipped, and the new state.
        """
        ...
