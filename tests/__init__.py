"""Tests, in the shape of the source tree.

``contract/`` runs one suite over every implementation of a thing, ``e2e/`` starts whole processes,
``data/`` holds the material. Tests may import all packages; nobody imports tests but tests.
"""
