"""Codecs and access units: what is known of coded media without decoding it.

It imports nothing of ours and no library of media, so that the app, the workers and the wire can
all use it. It must not know sessions, Redis or pixels. Open first: ``access_unit.py``.
"""
