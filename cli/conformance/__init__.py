"""Conformance suite for WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-04) servers.

It knows the standards and HTTP, and nothing of our own server: it reads and writes SDP by itself,
and runs against any address. ``peer.py`` alone imports aiortc, for rules that need real media.
Begin with ``rule.py`` (what a rule is) and ``suite.py`` (the order in which they run).
"""
