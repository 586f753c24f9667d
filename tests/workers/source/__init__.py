"""Tests of ``workers.source``."""
