"""Tests of ``app``, one module per module of it.

``coding.py`` makes coded units with the real encoders, ``peers.py`` holds aiortc peers that
publish and watch over loopback, ``fakes.py`` the few stand-ins for what lies outside.
"""
