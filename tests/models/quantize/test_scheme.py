"""Which integers stand for activations and weights."""

from __future__ import annotations

import numpy as np
import pytest

from models.manifest import Precision
from models.quantize.scheme import S8S8, SCHEMES, U8S8, Scheme


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
def test_limits_fit_the_types(scheme: Scheme) -> None:
    assert scheme.activation_limit == np.iinfo(scheme.activation).max
    assert 0 < scheme.weight_limit <= np.iinfo(np.int8).max
    assert scheme.activation(0) == 0


def test_two_products_of_the_processors_form_fit_sixteen_bits() -> None:
    """VPMADDUBSW adds two of them, and would saturate."""
    assert 2 * U8S8.activation_limit * U8S8.weight_limit <= np.iinfo(np.int16).max
    assert 2 * U8S8.activation_limit * (U8S8.weight_limit * 2 + 1) > np.iinfo(np.int16).max


def test_every_int8_precision_of_manifests_has_its_scheme() -> None:
    names: tuple[Precision, ...] = ("int8", "int8-s8s8")
    assert tuple(SCHEMES) == names


@pytest.mark.parametrize("name", list(SCHEMES))
def test_a_product_sums_up_within_32_bits_for_the_widest_net(name: Precision) -> None:
    """int32 accumulators: 48 channels of 3x3 taps (live-l) are far from their end."""
    scheme = SCHEMES[name]
    products = 48 * 9 * scheme.activation_limit * scheme.weight_limit
    assert products < np.iinfo(np.int32).max // 100


@pytest.mark.parametrize("scheme", [U8S8, S8S8])
def test_weights_are_symmetric_so_their_zero_point_is_zero(scheme: Scheme) -> None:
    # -128 is never used: its negative does not exist.
    assert scheme.weight_limit < 128
    assert np.int8(-scheme.weight_limit) == -np.int8(scheme.weight_limit)


def test_a_scheme_cannot_be_changed_by_one_of_its_users() -> None:
    with pytest.raises(AttributeError):
        U8S8.weight_limit = 127  # type: ignore[misc]
