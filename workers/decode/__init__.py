"""Coded units to pictures.

Owns: one decoder per codec instance, and the rule of what may be decoded after a loss. Must not
know: nets, encoders, Redis. Open first: ``decoder.py``, then ``key_frame_gate.py``.
"""
