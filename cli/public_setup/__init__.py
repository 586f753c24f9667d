"""Asks for all that ``sharpcast up --public URL`` needs, and writes a settings file.

Owns: the list of what is missing, the dialogue at a terminal, the file with mode 600, the
certificate for trials. Must not start anything: it returns the file that the server then reads.
Open first: ``prepare.py``, then ``lacks.py``.
"""
