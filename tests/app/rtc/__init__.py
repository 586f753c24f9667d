"""Tests of ``app.rtc``."""
