"""``make look``: a page of blind pairs, so that anybody can judge enhanced pictures by eye.

Start with `crops.py` (which parts are shown: a fixed rule), then `pairs.py` (their order) and
`page.py` (the HTML). `material.py` makes the pictures as viewers get them.
"""
