"""The manifest of what passes between the parts of a net, beside the nets in the zoo."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from models.errors import BadManifest, BadModelFile
from models.manifest import ZOO, FileEntry, Training

__all__ = [
    "CODEBOOK",
    "FORMAT",
    "MANIFEST",
    "RECEIVER",
    "TRANSFORM",
    "FeatureManifest",
    "feature_file",
]
__all__ += ["features_folder", "load_features"]

FORMAT = 1
MANIFEST = "features.json"
"""A name of its own: `manifest.json` is that of a net."""
TRANSFORM = "transform.npz"
RECEIVER = "receiver.npz"
CODEBOOK = "codebook.npz"


class FeatureManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The place where a net is cut, and the files that the coding of its features needs."""

    format: int
    net: str
    convs: int
    """Convolutions of the body before the cut."""
    block: int
    """Side of a block in pixels."""
    transform: FileEntry
    codebook: FileEntry
    receiver: FileEntry
    """Weights behind the cut, tuned to features as they arrive."""
    training: Training
    licence: str


def features_folder(net: str, root: Path = ZOO) -> Path:
    """The directory of a net's features."""
    return root / f"{net}-features"


def load_features(net: str, root: Path = ZOO) -> FeatureManifest:
    """The manifest of a net's features. Raises BadManifest."""
    try:
        text = (features_folder(net, root) / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(text, type=FeatureManifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadManifest(f"{net}-features", str(error)) from error
    if manifest.format != FORMAT or manifest.net != net:
        raise BadManifest(manifest.net, f"format {manifest.format} of {manifest.net!r}")
    return manifest


def feature_file(manifest: FeatureManifest, entry: FileEntry, root: Path = ZOO) -> Path:
    """The path of a file, after its hash was compared. Raises BadModelFile."""
    path = features_folder(manifest.net, root) / Path(entry.path).name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadModelFile(manifest.net, entry.path, "it cannot be read") from error
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BadModelFile(manifest.net, entry.path, "it does not match its sha256")
    return path
