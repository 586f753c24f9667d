"""Tests of ``workers.runtime``."""
