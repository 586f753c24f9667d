"""Tests of ``app.webrtc``."""
