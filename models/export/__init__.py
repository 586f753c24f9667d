"""Writes a trained net into the zoo: its files, its manifest, and what was measured of it.

Open first: ``__main__.py`` (the command), then ``zoo.py`` (the manifest).
"""
