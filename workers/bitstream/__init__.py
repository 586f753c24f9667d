"""Codec information of a coded stream: motion vectors, quantizers and modes, without pixels.

One reader for each codec behind one inspector, and one form of the result for all. It must not
know what is done with it. Open first: ``inspector.py``.
"""
