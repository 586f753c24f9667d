"""The pages in a real browser, against a fake of the HTTP surface (`fakes.py`).

Nothing here starts the application. What needs a publisher and a worker is in `tests/e2e`.
"""
