"""The compiler for loops over pixels and bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

_njit: Any = None
try:
    from numba import config, njit

    # numba's own switch leaves functions as they are.
    _njit = None if config.DISABLE_JIT else njit  # type: ignore[attr-defined]
except ImportError:
    pass

__all__ = ["INDEX_MASK", "IS_COMPILED", "compiled", "inlined"]

Loop = TypeVar("Loop", bound=Callable[..., Any])

INDEX_MASK = 0x3FFFFFFF
"""Ands with it change no index, but show the compiler that it is not negative: Python's counting
from the end would keep it from making vectors of the loops.
"""

IS_COMPILED = _njit is not None
"""False where numba cannot be imported or is switched off: the loops then run as they are written,
correct and about a hundred times slower.
"""


def compiled(loop: Loop) -> Loop:
    """The function as machine code that does not hold the interpreter's lock, compiled at the first
    call with given types. The code is kept beside the package or in the user's cache folder; where
    neither can be written, each process compiles anew.

    A compiled function calls only compiled functions of its own file: what is kept is compared with
    that file alone, and would stay in use after a change in another one.
    """
    if not IS_COMPILED:
        return loop
    try:
        return cast(Loop, _njit(cache=True, nogil=True)(loop))
    except RuntimeError:
        return cast(Loop, _njit(nogil=True)(loop))


def inlined(loop: Loop) -> Loop:
    """As ``compiled``, for what is called for each cell or row: becomes part of its callers."""
    if not IS_COMPILED:
        return loop
    return cast(Loop, _njit(nogil=True, forceinline=True)(loop))
