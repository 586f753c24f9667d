"""What an engine is to those who use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from models.manifest import Manifest, TensorSpec
from workers.errors import NetUnusable

Array = npt.NDArray[Any]
Feeds = Mapping[str, Array]


@dataclasses.dataclass(frozen=True, slots=True)
class EngineOptions:
    """What every engine is made with."""

    threads: int = 1
    "Of the processor, that one call may use."
    cache_dir: Path | None = None
    "Where engines that compile for long keep what they made; None: nowhere."


@dataclasses.dataclass(frozen=True, slots=True)
class PrecisionVariant:
    """A way in which an engine can run a model."""

    name: str
    "What an operator asks for: fp32, fp16 or int8."
    file: str
    "Which of the manifest's files it needs."


ON_CPU = (PrecisionVariant("int8", "int8"), PrecisionVariant("fp32", "fp32"))
"""What engines for processors take."""


@dataclasses.dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine says of itself."""

    name: str
    version: str
    "Of the runtime."
    device: str
    threads: int
    "Threads that one call uses."
    forms: tuple[PrecisionVariant, ...] = ON_CPU
    "The ways in which it runs graphs, the preferred one first; none where it runs no graphs."
    max_batch: int = 1
    "Frames that one call may take."

    @property
    def cores(self) -> int:
        """That one call keeps busy; 0 where a device does the work."""
        return self.threads if self.device.upper() == "CPU" else 0


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """One array that a session takes or fills."""

    name: str
    dtype: str
    "``uint8`` or ``float32``."
    shape: tuple[int, ...]
    "Without the leading ones of the net's own tensor; with a leading batch where that is not 1."


@dataclasses.dataclass(frozen=True, slots=True)
class NetInfo:
    """What a compiled net says of itself: all that one must know to feed it."""

    model: str
    precision: str
    "In what it computes: fp32, fp16 or int8."
    device: str
    width: int
    "Of the input, in pixels."
    height: int
    batch: int
    "Frames that every call takes."
    scale: int
    window: int
    "Frames of one stream that each of them needs, itself included."
    size_multiple: int
    "The rule of sizes: both sides are multiples of this ..."
    smallest: int
    "... and at least this."
    inputs: tuple[Port, ...]
    output: Port


class Session(Protocol):
    """One stream's way to run a compiled net; used by one thread at a time."""

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        """Reads the named inputs, writes the one output, as the net's ``info`` says. Planes may
        have any strides. Raises DeviceFailed where a device refuses.
        """
        ...

    def reset(self) -> None:
        """Forgets earlier frames, where the net remembers any."""
        ...


class CompiledNet(Protocol):
    """A net for one size; any number of sessions share its weights. Its memory is given back with
    the last reference to it and its sessions.
    """

    @property
    def info(self) -> NetInfo:
        """What it takes and gives."""
        ...

    def session(self) -> Session:
        """A new session, for one stream. Raises DeviceFailed."""
        ...

    def warm_up(self) -> None:
        """Does now what would make a first call slow. Raises DeviceFailed."""
        ...


class DynamicShapeSession(Protocol):
    """One stream's way to run a net on pictures of any size; used by one thread at a time."""

    def run(self, luma: Array, strength: float) -> Array:
        """``luma`` [H, W] uint8, H and W as the manifest allows, to [sH, sW] uint8, which the next
        call may overwrite. ``strength`` (0..1) matters to nets with looks.
        """
        ...


class DynamicShapeModel(Protocol):
    """A luma graph that takes pictures of any size, a new one with every call."""

    def session(self) -> DynamicShapeSession:
        """A new session, for one stream."""
        ...

    def warm_up(self, height: int, width: int) -> None:
        """Does now what would make the first call with a size slow."""
        ...


class Engine(Protocol):
    """One inference runtime. ``compile`` may be called from any thread."""

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device, and what it runs."""
        ...

    def compile(
        self,
        manifest: Manifest,
        path: Path,
        *,
        width: int,
        height: int,
        batch: int = 1,
        precision: str = "auto",
    ) -> CompiledNet:
        """The net of a file for one input size. ``batch`` frames, at most ``max_batch``, go through
        a call together. ``precision`` matters to engines that can compute one file in several ways.
        Raises NetUnusable.
        """
        ...

    def compile_free(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """The net of a file for pictures of any size; for nets that see luma alone. Raises
        NetUnusable, also where the engine fixes sizes when it compiles.
        """
        ...

    def close(self) -> None:
        """Gives memory back; nets of it must not run any more. Calling it twice is harmless."""
        ...


def fixes_sizes(engine: str) -> NetUnusable:
    """What an engine says that cannot compile a net for any size."""
    return NetUnusable(f"Engine {engine!r} fixes the size of a picture when it compiles a net.")


def shape_of(spec: TensorSpec, *, width: int, height: int) -> tuple[int, ...]:
    """The shape that a manifest's layout, such as ``1,1,2H,2W``, means for an input size."""
    sides = {"H": height, "W": width}
    return tuple(
        int(part) if part.isdigit() else int(part[:-1] or 1) * sides[part[-1]]
        for part in spec.layout.split(",")
    )


def tensor_shapes(
    manifest: Manifest, *, width: int, height: int, batch: int
) -> dict[str, tuple[int, ...]]:
    """Of the inputs of a luma graph. In a batch every frame has its own strength: [1] becomes
    [batch, 1, 1, 1], which multiplies [batch, channels, height, width] frame by frame.
    """
    shapes = {}
    for spec in manifest.inputs:
        shape = shape_of(spec, width=width, height=height)
        if batch > 1:
            shape = (batch, *shape[1:]) if len(shape) == 4 else (batch, 1, 1, 1)
        shapes[spec.name] = shape
    return shapes


def out_shape(manifest: Manifest, *, width: int, height: int, batch: int = 1) -> tuple[int, ...]:
    """Of the one output of a luma graph."""
    return (batch, 1, manifest.scale * height, manifest.scale * width)


def describe(
    manifest: Manifest, *, width: int, height: int, batch: int, precision: str, device: str
) -> NetInfo:
    """The description of a manifest's net for an input size. Raises NetUnusable if the size breaks
    the manifest's rule.
    """
    unit, least = manifest.size_multiple, manifest.smallest
    if width % unit or height % unit or min(width, height) < least or batch < 1:
        raise NetUnusable(
            f"{manifest.name} takes sides of at least {least} that are multiples of {unit}, "
            f"not {width}x{height}."
        )
    large = (manifest.scale * height, manifest.scale * width)
    frames = () if batch == 1 else (batch,)
    if manifest.architecture is None:
        shapes = tensor_shapes(manifest, width=width, height=height, batch=batch)
        inputs = tuple(
            Port(spec.name, spec.dtype, _bare(shapes[spec.name])) for spec in manifest.inputs
        )
        output = Port("enhanced", "uint8", frames + large)
    else:
        channels = 1 if manifest.colour == "luma" else 3
        inputs = (Port("frames", "float32", (manifest.window, channels, height, width)),)
        output = Port("enhanced", "float32", (channels, *large))
    return NetInfo(
        model=manifest.name,
        precision=precision,
        device=device,
        width=width,
        height=height,
        batch=batch,
        scale=manifest.scale,
        window=manifest.window,
        size_multiple=unit,
        smallest=least,
        inputs=inputs,
        output=output,
    )


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[1, 1, H, W] is a plane [H, W], [n, 1, H, W] are planes [n, H, W], [n, 1, 1, 1] are n
    numbers.
    """
    sides = shape[2:] if shape[2:] != (1, 1) else ()
    return shape if len(shape) == 1 else (*shape[:1], *sides) if shape[0] > 1 else sides


def padded(manifest: Manifest, width: int, height: int) -> tuple[int, int]:
    """The least size that the model takes and that holds this one."""
    unit, least = manifest.size_multiple, manifest.smallest
    wide, high = (max(-(-side // unit), -(-least // unit)) * unit for side in (width, height))
    return wide, high


def file_precision(manifest: Manifest, path: Path) -> str:
    """What a file of the manifest computes in, by its entry."""
    for name, entry in manifest.files.items():
        if entry.path == path.name:
            return name.partition("-")[0]
    return "fp32"


def form_for(info: EngineInfo, manifest: Manifest, wish: str) -> PrecisionVariant:
    """How an engine runs a model of graphs: as wished (``fp32``, ``fp16``, ``int8``) if both can,
    else by the manifest's default file, else as the engine prefers. Raises NetUnusable.
    """
    able = [form for form in info.forms if form.file in manifest.files]
    if not able:
        known = ", ".join(sorted(manifest.files)) or "weights for torch"
        raise NetUnusable(f"Engine {info.name!r} cannot run {manifest.name!r}, which has {known}.")
    for form in able:
        if form.name == wish:
            return form
    for form in able:
        if form.file == manifest.default_precision:
            return form
    return able[0]
