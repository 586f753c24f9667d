"""Delivery to viewers: playback sessions, the GOP cache, and which rendition a viewer gets.

It takes access units that ``app.streams`` read, and hands them to the connections of viewers.
It must not know HTTP. Open first: ``playback_session.py``.
"""
