"""What ``make bench`` runs, and the tools that the end-to-end tests share with it.

Owns: starting the product as a user does, real publishers and viewers around it, stamped clips,
tables with machine and versions. Nothing of the product imports it.
Open first: ``__main__.py``, then ``server.py`` and ``stamps.py``.
"""

from wire import telemetry

telemetry.turn_off()
