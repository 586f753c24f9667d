"""The checks of ``sharpcast doctor``: each names what it looked at, what is wrong, and the cure.

Owns: one file per subject, the explicit table of them, the look at a running server from outside.
A check asks the real thing (a socket, a server, a file) and changes nothing; those who are asked
are the ones that the settings name. Open first: ``table.py``, then ``finding.py``.
"""
