"""Manifest of a shipped model, and the zoo that holds all shipped models.

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
from models.measure.kinds import mean_of_kinds

__all__ = [
    "FORMAT",
    "ZOO",
    "FileEntry",
    "Manifest",
    "Material",
    "Metric",
    "TensorSpec",
    "Architecture",
    "Obtain",
    "Training",
    "list_models",
    "load_manifest",
    "mean_gain_db",
    "model_file",
    "weights_file",
]

# Format 1 knew graphs alone. A reader takes exactly its own format.
FORMAT = 2
ZOO = Path(__file__).parent / "zoo"
MANIFEST = "manifest.json"

Precision = Literal["fp32", "int8", "int8-s8s8"]
"""`int8` is for CPUs, `int8-s8s8` for TensorRT; see models.quantize.scheme."""

# A name becomes a directory. It begins with a letter or digit, so neither ".." nor a hidden
# directory is one, and it has no separator.
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


class Architecture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A net of models.nets.table, for weights that are no ONNX graph."""

    net: str
    config: dict[str, int | bool | list[int]] = {}


class Obtain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights that do not ship: whoever wants the model puts `file` in the models directory."""

    file: str
    how: str
    """A sentence that says where it comes from."""
    sha256: str = ""
    """Empty where it is not known; then any file is taken whose tensors fit."""
    partly: bool = False
    """The file holds more than the net needs."""


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
    """Training of the weights: enough to run the script again."""

    script: str
    seed: int
    steps: int
    material: tuple[Material, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a worker must know of a model before it loads it.

    Height and width must be multiples of `size_multiple` and at least `smallest`: the caller pads
    by edge replication and crops. A tile of the output is right if its input has `receptive_radius`
    more pixels on each side. `macs_per_pixel` counts multiply-adds per input pixel.

    A model either has `files`, ONNX graphs as models.graph.writer writes them, or an `architecture`
    whose weights are among the files (`weights`, not ONNX) or to be obtained.
    """

    format: int
    name: str
    title: str
    scale: int
    colour: Literal["luma", "rgb"] = "luma"
    window: int = 1
    """Frames that a call takes, the current one and those before."""
    lookahead: int = 0
    """Number of them that came after the current one in training; see models.nets.video."""
    previous: bool = False
    """The graph takes the previous enhanced luma, moved to the current frame."""
    strength: bool = False
    """The graph takes a strength: 0 is the faithful style, 1 the crisp one."""
    size_multiple: int = 1
    smallest: int = 1
    receptive_radius: int = 0
    macs_per_pixel: int
    parameters: int
    inputs: tuple[TensorSpec, ...] = ()
    output: TensorSpec | None = None
    files: dict[Precision, FileEntry] = {}
    default_precision: Precision = "fp32"
    architecture: Architecture | None = None
    weights: FileEntry | None = None
    obtain: Obtain | None = None
    metrics: tuple[Metric, ...] = ()
    mean_gain_db: dict[Precision, float] = {}
    training: Training | None = None
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
    return _checked(manifest.name, wanted, root / manifest.name, entry)


def weights_file(manifest: Manifest, root: Path = ZOO, models_dir: Path | None = None) -> Path:
    """The weights of a model with an architecture, shipped or obtained, after their hash was
    compared where it is known. Raises BadModelFile, which says how to get what is missing.
    """
    if manifest.weights is not None:
        return _checked(manifest.name, "weights", root / manifest.name, manifest.weights)
    if manifest.obtain is None:
        raise BadModelFile(manifest.name, "weights", "its manifest names none")
    path = (models_dir or Path()) / manifest.name / manifest.obtain.file
    if models_dir is None or not path.is_file():
        place = f"put it at {path}" if models_dir else "name a directory in SHARPCAST_MODELS_DIR"
        reason = f"{manifest.obtain.file} is not there. {manifest.obtain.how} Then {place}."
        raise BadModelFile(manifest.name, "weights", reason)
    if manifest.obtain.sha256 and _digest(path.read_bytes()) != manifest.obtain.sha256:
        raise BadModelFile(
            manifest.name, "weights", f"{path.name} is not the file that the manifest means"
        )
    return path


def _checked(name: str, wanted: str, folder: Path, entry: FileEntry) -> Path:
    path = folder / entry.path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModelFile(name, wanted, f"{entry.path} cannot be read") from error
    # A wrong size tells a truncated file more plainly than a hash that differs.
    if len(data) != entry.bytes:
        raise BadModelFile(name, wanted, f"{entry.path} has {len(data)} bytes, not {entry.bytes}")
    if _digest(data) != entry.sha256:
        raise BadModelFile(name, wanted, f"{entry.path} does not match its sha256")
    return path


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mean_gain_db(metrics: tuple[Metric, ...], precision: Precision) -> float:
    """Mean gain over bicubic, in dB, of the rows that hold this precision; 0.0 if none does. It is
    the mean of kinds of content (`models.measure.kinds`).
    """
    gains = [
        (row.clip, row.net_db[precision] - row.bicubic_db)
        for row in metrics
        if precision in row.net_db
    ]
    return mean_of_kinds(gains) if gains else 0.0


def _fault(manifest: Manifest, name: str) -> str | None:
    """The first thing that is wrong, in words, or None."""
    if manifest.format != FORMAT:
        return f"format {manifest.format} is not {FORMAT}, the one this version reads"
    if manifest.name != name:
        return f"it names itself {manifest.name!r}"
    positive = ("window", "size_multiple", "smallest", "macs_per_pixel", "parameters")
    for field in positive:
        if getattr(manifest, field) < 1:
            return f"{field} must be at least 1"
    if not 2 <= manifest.scale <= 4:
        return "scale must be 2, 3 or 4"
    if manifest.receptive_radius < 0:
        return "receptive_radius must not be negative"
    # The current frame is one of the window and never one that comes after.
    if not 0 <= manifest.lookahead < manifest.window:
        return "lookahead must be less than window"
    return _fault_of_weights(manifest)


def _fault_of_weights(manifest: Manifest) -> str | None:
    if manifest.architecture is None:
        if manifest.colour != "luma" or manifest.window != 1:
            return "a graph takes one frame of luma"
        if manifest.default_precision not in manifest.files:
            return f"default_precision {manifest.default_precision!r} has no file"
    elif manifest.files or (manifest.weights is None) == (manifest.obtain is None):
        return "an architecture needs weights or a way to obtain them, and no graphs"
    weights = [manifest.weights] if manifest.weights else []
    entries = (*manifest.files.values(), *weights)
    names = [entry.path for entry in entries]
    for name in (*names, manifest.obtain.file) if manifest.obtain else names:
        # A path with a separator could lead out of the model's directory, to any file.
        if Path(name).name != name or name in ("", ".", ".."):
            return f"file path {name!r} must be a plain file name"
    for entry in entries:
        if not _SHA256.fullmatch(entry.sha256):
            return f"sha256 of {entry.path} must be 64 lower-case hexadecimal digits"
    return None
