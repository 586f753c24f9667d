"""Nets that are there at once."""

from __future__ import annotations

from .contexts import cache

__all__ = ["cache"]
