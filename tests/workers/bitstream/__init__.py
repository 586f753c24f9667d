"""Tests of ``workers.bitstream``."""
