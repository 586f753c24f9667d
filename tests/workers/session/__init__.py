"""Tests of ``workers.session``."""
