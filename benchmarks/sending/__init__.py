"""The size to send at each uplink rate, by what looks best after enhancement.

Owns: the measurement over clips of training and validation, and the generated table that the API
and ``sharpcast publish`` read. Must not know: the page, sockets. Open first: ``__main__.py``, then
``sweep.py`` (the measurement) and ``thresholds.py`` (points to table).
"""
