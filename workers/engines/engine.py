"""Protocols of an inference engine, and the descriptions that engines and their users exchange."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from models.manifest import Manifest, TensorSpec
from workers.errors import NetUnusable

Array = npt.NDArray[Any]
Feeds = Mapping[str, Array]


@dataclasses.dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options that every engine is opened with."""

    threads: int = 1
    "CPU threads that one call may use."
    cache_dir: Path | None = None
    "Folder where engines that compile for long keep their results; None keeps nothing."


@dataclasses.dataclass(frozen=True, slots=True)
class PrecisionVariant:
    """A precision in which an engine can run a model."""

    name: str
    "Name that operators use: fp32, fp16 or int8."
    file: str
    "Key of the manifest's file that it needs."


ON_CPU = (PrecisionVariant("int8", "int8"), PrecisionVariant("fp32", "fp32"))
"""Variants that engines for processors can run, the preferred one first."""


@dataclasses.dataclass(frozen=True, slots=True)
class EngineInfo:
    """Description of an engine."""

    name: str
    version: str
    "Version of the runtime."
    device: str
    threads: int
    "Threads that one call uses."
    variants: tuple[PrecisionVariant, ...] = ON_CPU
    "Variants of graphs that it can run, the preferred one first; empty if it runs no graphs."
    max_batch: int = 1
    "Upper limit of the frames in one call."

    @property
    def cores(self) -> int:
        """CPU cores that one call keeps busy; 0 if a device does the work."""
        return self.threads if self.device.upper() == "CPU" else 0


@dataclasses.dataclass(frozen=True, slots=True)
class Port:
    """One array that a session takes or fills."""

    name: str
    dtype: str
    "``uint8`` or ``float32``."
    shape: tuple[int, ...]
    "The net's own shape without leading ones; a batch of more than 1 comes first."


@dataclasses.dataclass(frozen=True, slots=True)
class NetInfo:
    """Description of a compiled net: everything a caller must know to feed it."""

    model: str
    precision: str
    "Precision of the computation: fp32, fp16 or int8."
    device: str
    width: int
    "Width of the input in pixels."
    height: int
    batch: int
    "Frames in every call."
    scale: int
    window: int
    "Consecutive frames of one stream that each output needs, its own included."
    size_multiple: int
    "Both sides of an input are multiples of this number of pixels."
    smallest: int
    "Both sides of an input have at least this number of pixels."
    inputs: tuple[Port, ...]
    output: Port


class Session(Protocol):
    """Runs a compiled net for one stream; used by one thread at a time."""

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        """Reads the named inputs and writes the output ``enhanced``, as the net's ``info`` says.

        Planes may have any strides. Raises DeviceFailed if a device refuses.
        """
        ...

    def reset(self) -> None:
        """Forgets earlier frames; without effect for nets that have no state."""
        ...


class CompiledNet(Protocol):
    """A net compiled for one input size; all its sessions share the weights.

    Its memory is released with the last reference to it and its sessions.
    """

    @property
    def info(self) -> NetInfo:
        """Describes inputs, output and sizes."""
        ...

    def session(self) -> Session:
        """Opens a session for one stream. Raises DeviceFailed."""
        ...

    def warm_up(self) -> None:
        """Does the work that would make the first call slow. Raises DeviceFailed."""
        ...


class DynamicShapeSession(Protocol):
    """Runs a net on pictures of any size for one stream; used by one thread at a time."""

    def run(self, luma: Array, strength: float) -> Array:
        """Enlarges ``luma`` [H, W] uint8 to [sH, sW] uint8, which the next call may overwrite.

        H and W must be as the manifest allows. ``strength`` (0..1) mixes the styles of a net.
        """
        ...


class DynamicShapeModel(Protocol):
    """A luma net that takes pictures of any size, another one with every call."""

    def session(self) -> DynamicShapeSession:
        """Opens a session for one stream."""
        ...

    def warm_up(self, height: int, width: int) -> None:
        """Does the work that would make the first call with this size slow."""
        ...

    def prepare(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Begins to make calls with these heights and widths as fast as they can be, in this order
        and beside the calls; no effect where all sizes are equally fast, or at a second time.
        """
        ...


class Engine(Protocol):
    """One inference runtime. ``compile`` may be called from any thread."""

    @property
    def info(self) -> EngineInfo:
        """Describes the engine: name, version, device and limits."""
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
        """Compiles a file of a model for one input size. Raises NetUnusable.

        ``batch`` frames, at most ``max_batch``, go through one call. ``precision`` matters to
        engines that can compute one file in several precisions.
        """
        ...

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """Compiles a file for pictures of any size; the net must take luma alone.

        Raises NetUnusable, also if the engine supports static shapes only.
        """
        ...

    def close(self) -> None:
        """Releases the engine; its nets must not run any more. A second call has no effect."""
        ...


def no_dynamic_shapes(engine: str) -> NetUnusable:
    """Returns the error of an engine that supports static shapes only."""
    return NetUnusable(f"Engine {engine!r} fixes the size of a picture when it compiles a net.")


def shape_of(spec: TensorSpec, *, width: int, height: int) -> tuple[int, ...]:
    """Evaluates a manifest's layout, such as ``1,1,2H,2W``, for an input size."""
    # A part of a layout is a number, or a factor and a side: ``2H`` is twice the height, ``H`` the
    # height itself.
    sides = {"H": height, "W": width}
    return tuple(
        int(part) if part.isdigit() else int(part[:-1] or 1) * sides[part[-1]]
        for part in spec.layout.split(",")
    )


def tensor_shapes(
    manifest: Manifest, *, width: int, height: int, batch: int
) -> dict[str, tuple[int, ...]]:
    """Returns the input shapes of a luma graph by name.

    In a batch every frame has its own strength: [1] becomes [batch, 1, 1, 1], which multiplies
    [batch, channels, height, width] frame by frame.
    """
    shapes = {}
    for spec in manifest.inputs:
        shape = shape_of(spec, width=width, height=height)
        if batch > 1:
            shape = (batch, *shape[1:]) if len(shape) == 4 else (batch, 1, 1, 1)
        shapes[spec.name] = shape
    return shapes


def out_shape(manifest: Manifest, *, width: int, height: int, batch: int = 1) -> tuple[int, ...]:
    """Returns the output shape of a luma graph."""
    return (batch, 1, manifest.scale * height, manifest.scale * width)


def describe(
    manifest: Manifest, *, width: int, height: int, batch: int, precision: str, device: str
) -> NetInfo:
    """Describes a manifest's net for an input size.

    Raises NetUnusable if the manifest does not allow the size.
    """
    unit, least = manifest.size_multiple, manifest.smallest
    if width % unit or height % unit or min(width, height) < least or batch < 1:
        raise NetUnusable(
            f"{manifest.name} takes sides of at least {least} that are multiples of {unit}, "
            f"not {width}x{height}."
        )
    large = (manifest.scale * height, manifest.scale * width)
    # Callers of single frames see plain planes; graphs have leading ones that engines add.
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
    """Drops dimensions of 1: [1, 1, H, W] becomes a plane [H, W], [n, 1, H, W] becomes n planes
    [n, H, W], and [n, 1, 1, 1] becomes n numbers.
    """
    # A single number per frame, such as a strength in a batch, is stored as an image of one sample.
    sides = shape[2:] if shape[2:] != (1, 1) else ()
    return shape if len(shape) == 1 else (*shape[:1], *sides) if shape[0] > 1 else sides


def padded(manifest: Manifest, width: int, height: int) -> tuple[int, int]:
    """Returns the smallest width and height that the model takes and that hold this size."""
    unit, least = manifest.size_multiple, manifest.smallest
    wide, high = (max(-(-side // unit), -(-least // unit)) * unit for side in (width, height))
    return wide, high


def file_precision(manifest: Manifest, path: Path) -> str:
    """Returns the precision of a manifest's file; fp32 if the manifest does not list it."""
    for name, entry in manifest.files.items():
        if entry.path == path.name:
            return name.partition("-")[0]
    return "fp32"


def variant_for(info: EngineInfo, manifest: Manifest, precision: str) -> PrecisionVariant:
    """Chooses the variant in which an engine runs a model of graphs. Raises NetUnusable.

    The asked ``precision`` (``fp32``, ``fp16``, ``int8``) comes first, then the manifest's default
    file, then the preference of the engine.
    """
    usable = [each for each in info.variants if each.file in manifest.files]
    if not usable:
        known = ", ".join(sorted(manifest.files)) or "weights for torch"
        raise NetUnusable(f"Engine {info.name!r} cannot run {manifest.name!r}, which has {known}.")
    for variant in usable:
        if variant.name == precision:
            return variant
    # A precision that this engine cannot compute is no error: one setting holds for all models.
    for variant in usable:
        if variant.file == manifest.default_precision:
            return variant
    return usable[0]
