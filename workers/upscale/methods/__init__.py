"""The upscale methods, one in each file; ``table.py`` lists them.

A new one is a file here and a line in the table: a descriptor, ``option``, ``run`` and ``reset``
(``workers/upscale/method.py``). Nothing else knows its name.
"""
