"""Tests of ``app.rtp``."""
