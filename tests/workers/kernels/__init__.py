"""Tests of ``workers.kernels``."""
