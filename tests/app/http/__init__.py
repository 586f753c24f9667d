"""Tests of ``app.http``."""
