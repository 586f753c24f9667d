"""Errors of the app and the statuses that they become."""

from __future__ import annotations

import inspect

import pytest

from app import errors
from app.errors import AppError, BadOffer, RenditionNotFound, TooMany

ALL = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, AppError) and kind is not AppError
]
PLAIN = [kind for kind in ALL if kind not in (BadOffer, TooMany)]


def test_all_have_one_root_and_stand_in_the_list_with_their_status() -> None:
    lines = {
        line.replace("├──", "").replace("└──", "").split()[0]: line
        for line in (errors.__doc__ or "").splitlines()
        if "──" in line
    }
    assert set(lines) == {kind.__name__ for kind in ALL}
    for kind in PLAIN:
        assert issubclass(kind, AppError)
        assert f" {kind.status}" in lines[kind.__name__]
        waits = "Retry-After" in lines[kind.__name__]
        assert (kind.retry_after_s is not None) is waits, kind


@pytest.mark.parametrize("kind", PLAIN)
def test_each_says_what_is_wrong_where_nothing_more_is_known(kind: type[AppError]) -> None:
    error = kind()
    assert error.detail.endswith(".") and "\n" not in error.detail
    assert error.title and not error.title.endswith(".")
    assert 400 <= error.status < 600
    assert str(error) == error.detail
    assert kind("The reason.").detail == "The reason."


def test_an_offer_has_a_status_of_its_own() -> None:
    assert BadOffer("No.").status == 400
    assert BadOffer("No.", status=422).status == 422


def test_whoever_comes_too_often_is_told_when_to_come_again() -> None:
    error = TooMany(retry_after_s=7)
    assert (error.status, error.retry_after_s) == (429, 7)
    assert TooMany.retry_after_s is None, "one answer does not change the next"


@pytest.mark.parametrize(
    ("known", "there"),
    [
        ([], "there is source."),
        (["enhanced"], "there is source and enhanced."),
        (["enhanced", "small"], "there is source, enhanced and small."),
    ],
)
def test_a_rendition_that_is_not_there_is_told_those_that_are(known: list[str], there: str) -> None:
    error = RenditionNotFound.among("cam", "x" * 99, known)
    assert error.detail.startswith(f"cam has no rendition {'x' * 20!r}; ")
    assert error.detail.endswith(there)
