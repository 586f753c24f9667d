"""Recordings: files of renditions, written as they come, listed, kept for a while, and repaired.

Owns: what is recorded and by which node, the files and their index, their retention. Must not know:
HTTP, viewers, WebRTC. A recorder is one more reader of a rendition; files are written and read on
threads only. The states of a recording stand in ``recording_state.py``.
Open first: ``recorders.py`` (who records what) and ``recorder.py`` (one recording).
"""
