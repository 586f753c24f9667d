"""The source of a stream, followed and decoded for whoever needs its pictures.

Owns: reading the source log from its last key frame, one decoder for all takers, and requests for
key frames. Must not know: renditions, nets, teams. Open first: ``source_follower.py``.
"""
