"""Errors of the workers.

WorkerError
├── EngineUnavailable   an inference engine cannot be used here, with the reason
├── NetUnusable         a net cannot be loaded or compiled
├── DeviceFailed        a GPU refused its work or lost it
├── BadPlan             a kept TensorRT plan is damaged, or another one's
├── BadCodebook         a file of codebooks is damaged
├── BrokenUnit          an access unit that cannot be decoded
│   ├── PictureTooLarge its picture is over the limit
│   └── NoDecoder       this installation of FFmpeg cannot decode its codec
├── EncoderFailed       an encoder cannot be opened for a size, or did not give a unit
└── FileFailed          a file cannot be enhanced, in one sentence
"""

from __future__ import annotations

from media.limits import too_large


class WorkerError(Exception):
    """The root of what can go wrong in a worker."""


class EngineUnavailable(WorkerError):
    """The inference engine cannot be used here; install its package or name another engine."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"Engine {name!r} cannot be used: {reason}.")
        self.name = name
        self.reason = reason


class NetUnusable(WorkerError):
    """The net cannot be loaded or compiled; choose another one."""


class DeviceFailed(WorkerError):
    """The GPU refused its work or lost it; look at what else uses it, or name another engine."""


class BadPlan(WorkerError):
    """The kept plan is damaged or another one's; the net is compiled again."""


class BadCodebook(WorkerError):
    """The file of codebooks is damaged; restore it or train it again."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The codebook {name} cannot be used: {reason}.")


class BrokenUnit(WorkerError):
    """The access unit cannot be decoded; go on at the next key frame."""


class PictureTooLarge(BrokenUnit):
    """The picture has more pixels than any decoder here makes."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(too_large(width, height))


class NoDecoder(BrokenUnit):
    """FFmpeg has no decoder for the codec; the stream is passed on as it is."""

    def __init__(self, title: str, decoder: str) -> None:
        super().__init__(
            f"The worker cannot decode {title}: its FFmpeg has no decoder {decoder}. "
            "The source is passed on as it is."
        )


class EncoderFailed(WorkerError):
    """The encoder cannot be opened for this size, or did not give one unit per picture."""


class FileFailed(WorkerError):
    """The file cannot be enhanced; the message is the one sentence that says why."""
