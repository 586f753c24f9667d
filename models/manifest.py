"""What a shipped model says of itself, and the zoo that holds the shipped models.

Imports neither torch, onnx nor numpy: schedulers and servers read manifests without loading a
runtime.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import BadManifest, BadModelFile, UnknownModel

__all__ = [
    "FORMAT",
    "ZOO",
    "FileEntry",
    "Manifest",
    "Material",
    "Metric",
    "TensorSpec",
    "Training",
    "list_models",
    "load_manifest",
    "mean_gain_db",
    "model_file",
]

FORMAT = 1
ZOO = Path(__file__).parent / "zoo"
MANIFEST = "manifest.json"

Precision = Literal["fp32", "int8"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One artefact, in the manifest's own directory."""

    path: str
    sha256: str
    bytes: int


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A graph input or output. `range` is inclusive, in the tensor's own units."""

    name: str
    dtype: Literal["uint8", "float32"]
    layout: str
    range: tuple[float, float]


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Luma PSNR in dB over one held-out clip sent through one encoder at one rate (bit per input
    pixel).
    """

    clip: str
    codec: str
    bpp: float
    bicubic_db: float
    net_db: dict[Precision, float]


class Material(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the weights were trained on."""

    title: str
    licence: str
    source: str


class Training(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the weights came to be: enough to run the script again."""

    script: str
    seed: int
    steps: int
    material: tuple[Material, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a worker must know of a model before it loads it.

    `window` counts the frames that one call takes. Height and width must be multiples of
    `size_multiple`: the caller pads by edge replication and crops. A tile of the output is right if
    its input has `receptive_radius` more pixels on each side. `macs_per_pixel` counts multiply-adds
    per input pixel.
    """

    format: int
    name: str
    title: str
    scale: int
    colour: Literal["luma"]
    window: int
    size_multiple: int
    receptive_radius: int
    macs_per_pixel: int
    parameters: int
    input: TensorSpec
    output: TensorSpec
    files: dict[Precision, FileEntry]
    default_precision: Precision
    metrics: tuple[Metric, ...]
    mean_gain_db: dict[Precision, float]
    training: Training
    licence: str


def list_models(root: Path = ZOO) -> list[Manifest]:
    """Every model in the zoo, by name. A damaged manifest raises: a server should not start with
    half a zoo.
    """
    return [load_manifest(path.parent.name, root) for path in sorted(root.glob(f"*/{MANIFEST}"))]


def load_manifest(name: str, root: Path = ZOO) -> Manifest:
    """The manifest of one model, checked. Raises UnknownModel or BadManifest."""
    # The name may come from a job or a request: it must not lead out of the zoo.
    if not _NAME.fullmatch(name):
        raise UnknownModel(name)
    try:
        text = (root / name / MANIFEST).read_bytes()
    except OSError as error:
        raise UnknownModel(name) from error
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BadManifest(name, str(error)) from error
    reason = _fault(manifest, name)
    if reason is not None:
        raise BadManifest(name, reason)
    return manifest


def model_file(manifest: Manifest, precision: str | None = None, root: Path = ZOO) -> Path:
    """The path of one artefact, `default_precision` if none is named, after its size and hash were
    compared.
    """
    wanted = precision or manifest.default_precision
    entry = next((entry for key, entry in manifest.files.items() if key == wanted), None)
    if entry is None:
        known = ", ".join(sorted(manifest.files))
        raise BadModelFile(manifest.name, wanted, f"the manifest lists {known} only")
    path = root / manifest.name / entry.path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModelFile(manifest.name, wanted, f"{entry.path} cannot be read") from error
    if len(data) != entry.bytes:
        raise BadModelFile(
            manifest.name, wanted, f"{entry.path} has {len(data)} bytes, not {entry.bytes}"
        )
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BadModelFile(manifest.name, wanted, f"{entry.path} does not match its sha256")
    return path


def mean_gain_db(metrics: tuple[Metric, ...], precision: Precision) -> float:
    """Mean gain over bicubic, in dB, of the rows that hold this precision; 0.0 if none does."""
    gains = [row.net_db[precision] - row.bicubic_db for row in metrics if precision in row.net_db]
    return sum(gains) / len(gains) if gains else 0.0


def _fault(manifest: Manifest, name: str) -> str | None:
    """The first thing that is wrong, in words, or None."""
    if manifest.format != FORMAT:
        return f"format {manifest.format} is not {FORMAT}, the one this version reads"
    if manifest.name != name:
        return f"it names itself {manifest.name!r}"
    positive = ("scale", "window", "size_multiple", "macs_per_pixel", "parameters")
    for field in positive:
        if getattr(manifest, field) < 1:
            return f"{field} must be at least 1"
    if manifest.receptive_radius < 0:
        return "receptive_radius must not be negative"
    if manifest.default_precision not in manifest.files:
        return f"default_precision {manifest.default_precision!r} has no file"
    for entry in manifest.files.values():
        if Path(entry.path).name != entry.path or entry.path in ("", ".", ".."):
            return f"file path {entry.path!r} must be a plain file name"
        if not _SHA256.fullmatch(entry.sha256):
            return f"sha256 of {entry.path} must be 64 lower-case hexadecimal digits"
    return None
