"""One suite over every Redis-compatible server that Sharpcast runs on.

``conftest.py`` has the table of servers. A test that passes on one and not on another is a
fault of ``wire``, not of the server.
"""
