"""CMAF (ISO/IEC 23000-19): access units as fragmented MP4, for recordings and HLS.

Pure functions, units in, bytes out: nothing is decoded, no clock and no file is known, and the work
is bounded by the size of a unit. A codec without a place in MP4 (VP8) is refused with a sentence.
Open first: ``tracks.py`` (what a track is, the initialization segment), then ``fragments.py``.
"""
