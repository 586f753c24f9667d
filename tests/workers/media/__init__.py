"""Tests of ``workers.media``."""
