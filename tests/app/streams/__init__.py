"""Tests of ``app.streams``."""
