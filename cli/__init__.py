"""The ``sharpcast`` command: one file per subcommand, each glue between the packages.

Owns: options, messages to people, exit codes, the processes of ``sharpcast up``, the publishing
client. Must not be imported by any other package. Heavy imports happen inside the subcommands, so
that ``--help`` is quick. Open first: ``main.py``, then ``up.py``.
"""

from wire import telemetry

telemetry.turn_off()
