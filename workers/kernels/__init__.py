"""Compilation of loops over pixels and bits to machine code, and its warm-up.

It must not know what the loops compute. Open first: ``jit.py``.
"""
