"""Whatever comes from outside is taken or refused in words; it never breaks what reads it.

``targets.py`` names each reader of foreign bytes, ``test_targets.py`` changes good inputs with
hypothesis in every test run, ``__main__.py`` searches by coverage (``make fuzz``).
"""
