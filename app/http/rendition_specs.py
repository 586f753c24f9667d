"""Checks of the specifications that operators send, and their form in records."""

from __future__ import annotations

from app.errors import BadRequest
from app.http import schemas
from wire.hash_record import names_in
from wire.keys import VARIANTS, is_worker
from wire.rendition_record import MAX_NAMES, RenditionSpec

__all__ = ["check_change", "check_spec", "wire_spec", "wire_team"]


def check_change(
    changes: schemas.StreamChange,
    before: RenditionSpec,
    models: list[schemas.Model],
    default: str,
) -> None:
    """Checks a change of the default rendition, whose specification is ``before``. Raises
    BadRequest.
    """
    if changes.model is not None:
        # Without this a misspelt name, or a net of another scale than the rendition's factor,
        # would leave the stream unenhanced until somebody reads why.
        spec = schemas.RenditionSettings(model=changes.model, factor=before.factor)
        check_spec(spec, models, default)
    if changes.pinned or changes.excluded:
        # The list that is not changed must fit the other one too.
        _check_names(
            names_in(before.pinned) if changes.pinned is None else changes.pinned,
            names_in(before.excluded) if changes.excluded is None else changes.excluded,
        )


def check_spec(spec: schemas.RenditionSettings, models: list[schemas.Model], default: str) -> None:
    """Checks that running workers could make a rendition. Raises BadRequest."""
    _check_names(spec.pinned, spec.excluded)
    if spec.model:
        _check_model(spec.model, models)
    if spec.codec and spec.codec not in VARIANTS:
        raise BadRequest(f"Renditions are encoded as {' or '.join(VARIANTS)}.")
    chosen = next((each for each in models if each.name == (spec.model or default)), None)
    # Without a worker nobody knows the scale; it then falls to the one that comes.
    if chosen is not None and spec.factor >= 0 and spec.factor not in (0, 1, chosen.scale):
        raise BadRequest(
            f"{chosen.name} enlarges {chosen.scale} times, and the rendition's factor is "
            f"{spec.factor}; it can be {chosen.scale}, 1 for the size of the source, 0 for what "
            "the net does, or below 0 for a smaller picture without a net."
        )


def wire_spec(spec: schemas.RenditionSettings) -> RenditionSpec:
    return RenditionSpec(
        model=spec.model,
        factor=spec.factor,
        strength=-1.0 if spec.strength is None else spec.strength,
        codec=spec.codec,
        kbps=spec.kbps,
        enhance=spec.enhance,
        **wire_team(spec),
    )


def wire_team(wanted: schemas.RenditionSettings | schemas.StreamChange) -> dict[str, str]:
    """Returns the fields of a record that are to be changed."""
    fields: dict[str, str] = {}
    if wanted.team is not None:
        fields["team"] = "" if wanted.team == "auto" else wanted.team
    if wanted.pinned is not None:
        fields["pinned"] = ",".join(wanted.pinned)
    if wanted.excluded is not None:
        fields["excluded"] = ",".join(wanted.excluded)
    return fields


def _check_names(pinned: list[str], excluded: list[str]) -> None:
    """Checks names of workers that are to help, and that must not. Raises BadRequest."""
    for word, names in (("pinned", pinned), ("excluded", excluded)):
        for name in names:
            if not is_worker(name):
                raise BadRequest(f"{name[:64]!r} is no name of a worker.")
        if len(",".join(names)) > MAX_NAMES:
            raise BadRequest(f"The {word} names are longer than {MAX_NAMES} characters together.")
    both = next((name for name in pinned if name in excluded), None)
    if both is not None:
        raise BadRequest(f"{both} is both pinned and excluded; take it out of one of the lists.")


def _check_model(name: str, models: list[schemas.Model]) -> None:
    found = next((model for model in models if model.name == name), None)
    if found is None:
        known = ", ".join(model.name for model in models if not model.missing)
        raise BadRequest(
            f"No running worker has a model {name[:64]!r}; there is {known or 'none'}."
        )
    if found.missing:
        raise BadRequest(found.missing[:1].upper() + found.missing[1:])
