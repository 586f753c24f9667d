"""Measures what people notice of the pages, in a real Chromium: the job ``pages``.

Start with ``measure.py``, which has the rows: first picture, badge, views, grid; ``admin_list.py``
fills a Redis with a thousand streams of another node. It must not import the app's own modules.
"""
