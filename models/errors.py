"""Errors of the package.

ModelError
├── UnknownModel    no such directory in the zoo, or a name that cannot be one
├── BadManifest     the manifest cannot be read, or says something impossible
└── BadModelFile    a file named by a manifest is missing or altered
"""

from __future__ import annotations

__all__ = ["BadManifest", "BadModelFile", "ModelError", "UnknownModel"]


class ModelError(Exception):
    """The model cannot be used."""


class UnknownModel(ModelError):
    """There is no model of this name; `list_models` tells the names that exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no model named {name!r} in the zoo")
        self.name = name


class BadManifest(ModelError):
    """The manifest is damaged; restore it or export the model again."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"the manifest of model {name!r} is bad: {reason}")
        self.name = name
        self.reason = reason


class BadModelFile(ModelError):
    """The model's file is missing or altered; restore it or export the model again."""

    def __init__(self, name: str, precision: str, reason: str) -> None:
        super().__init__(f"the {precision} file of model {name!r} cannot be used: {reason}")
        self.name = name
        self.precision = precision
        self.reason = reason
