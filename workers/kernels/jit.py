"""The compiler for loops over pixels and bits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

_njit: Any = None
try:
    from numba import config, njit

    from workers.kernels.loop_cache import LoopCache

    # numba's own switch leaves functions as they are.
    _njit = None if config.DISABLE_JIT else njit  # type: ignore[attr-defined]
except ImportError:
    pass

__all__ = ["INDEX_MASK", "IS_COMPILED", "compiled", "inlined"]

Loop = TypeVar("Loop", bound=Callable[..., Any])

INDEX_MASK = 0x3FFFFFFF
"""An AND with this mask changes no valid index, but proves to LLVM that the index is not negative:
numba then drops Python's counting from the end, and the loop is vectorized.
"""

IS_COMPILED = _njit is not None
"""False where numba cannot be imported or is switched off: the loops then run as they are written,
correct and about a hundred times slower.
"""


def compiled(loop: Loop) -> Loop:
    """Returns the function as machine code that does not hold the interpreter's lock, compiled at
    the first call with given types.

    The code is kept on disk (``loop_cache.py``). A compiled function may call compiled functions of
    any file in ``workers.kernels``, ``workers.temporal`` and ``workers.bitstream``, and use the
    constants of those packages and of ``workers.media``: a change in any of them compiles all anew.
    Functions of other files are compiled by each process.
    """
    if not IS_COMPILED:
        return loop
    # nogil: the threads of several streams run loops at the same time, and the event loop of the
    # worker must go on meanwhile.
    dispatcher = _one_at_a_time(_njit(nogil=True)(loop))
    cache = LoopCache.of(loop)
    if cache is not None:
        # numba's own cache would compare the time stamp of this one file (loop_cache.py), so its
        # cache object is replaced instead of asking numba for cache=True.
        dispatcher._cache = cache
    return cast(Loop, dispatcher)


def inlined(loop: Loop) -> Loop:
    """Compiles the function as a part of its callers: for what is called for each cell or row."""
    if not IS_COMPILED:
        return loop
    # There is no cache for these: their machine code is a part of each caller's.
    return cast(Loop, _one_at_a_time(_njit(nogil=True, forceinline=True)(loop)))


_COMPILING = threading.RLock()
"""Held while one loop is compiled, again by the same thread for the loops that it calls."""


def _one_at_a_time(dispatcher: Any) -> Any:
    """Lets one thread compile at a time. Two that met the same loop at once both compiled it, and
    numba then could not find the object of one of them ("no compiled object yet").
    """
    compile_now = dispatcher.compile

    def compile_in_turn(signature: Any) -> Any:
        with _COMPILING:
            return compile_now(signature)

    # The attribute of the object hides the method of its class, so numba calls this one for each
    # signature that it does not know yet.
    dispatcher.compile = compile_in_turn
    return dispatcher
