"""The benchmarks of ``make bench``, and the tools that the end-to-end tests share with them.

Owns: starting the product as a user does, real publishers and viewers around it, stamped clips,
the clips (``material.py``), tables (``table.py``, ``page.py``) and the machine (``machine.py``).
Nothing of the product imports it. Open first: ``__main__.py``, then ``server.py``.
"""

from wire import telemetry

telemetry.turn_off()
