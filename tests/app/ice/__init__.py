"""Tests of ``app.ice``: without sockets, in virtual time."""
