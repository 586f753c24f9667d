"""Tests of ``wire`` that need no server: the batch format, messages, keys, settings.

``vectors/`` holds the golden batches a second implementation can be tested with.
What needs a server is in ``tests/contract``.
"""
