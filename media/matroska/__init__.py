"""WebM, the profile of Matroska (RFC 9559) that holds VP8 and VP9 with Opus.

Owns: the elements of a recorded file, written and read. Must not know: files, streams, Redis.
Open first: ``webm.py``; ``ebml.py`` has the encoding of elements (RFC 8794).
"""
