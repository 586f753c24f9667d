"""Processes for measurements that do not depend on one another."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

__all__ = ["pool"]


def pool(jobs: int) -> ProcessPoolExecutor:
    """Fresh processes: a copy of one in which a runtime has started threads would hang."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))
