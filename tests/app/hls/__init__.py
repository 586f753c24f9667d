"""Tests of ``app.delivery``."""
