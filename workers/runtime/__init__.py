"""Threads, bounded queues, counters and files that all steps of a worker use.

It knows nothing of video or Redis. Open first: ``pipeline_thread.py``.
"""
