"""The channel between sites: messages with deadlines over datagrams that get lost and delayed.

The core is sans-I/O: datagrams and times are arguments, timers are returned as deadlines. It knows
neither sockets nor encryption (``wire.link`` adapters do), nor what a message means. A message
arrives whole and in time or not at all; control messages arrive in order and for certain.
Open first: ``link.py``; the formats are in ``datagram.py``.
"""
