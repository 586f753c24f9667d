"""Rights that others give: JWTs of an issuer, and answers of an HTTP hook.

Owns: checking JWTs, the copy of the issuer's keys, questions to the hook and their answers. Must
not know: HTTP requests to this server, sessions, SDP. Nothing here is asked for a session that was
let in. ``KeyCache``, ``JwtCheck`` and ``HookCache`` decide without I/O and clock.
Open first: ``external_access.py``.
"""
