"""Tests of ``media``."""
