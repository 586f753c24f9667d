"""The compiler for loops over pixels and bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(loop: Loop) -> Loop:
    """The function as machine code that does not hold the interpreter's lock, compiled at the first
    call with given types. The code is kept beside the package or in the user's cache folder; where
    neither can be written, each process compiles anew.
    """
    made: Any
    try:
        made = numba.njit(cache=True, nogil=True)(loop)
    except RuntimeError:
        made = numba.njit(nogil=True)(loop)
    return cast(Loop, made)
