"""Cuts one net over several devices: stages with their costs, placement, features between them.

``placement.py`` is pure and decides which device computes which stages, ``chain.py`` measures the
stages of a net, ``chains.py`` declares the cut points of each architecture, ``graphs.py`` cuts an
exported graph. ``transform.py`` and ``codebooks.py`` fit what ``workers.team.feature_codec`` sends
instead of features: ``python -m models.split``. Open first: ``placement.py``.
"""
