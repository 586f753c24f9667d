"""One stream enhanced by several workers: its lead gives regions of pictures to helpers.

The lead plans in the small picture, sends tasks, holds the frame until the results are there or its
playout deadline is, and composes. What comes late is never waited for. Without helpers nothing of
this is on a frame's way. A helper follows the source itself and answers tasks with the net's
picture of regions. Open first: ``dispatcher.py`` for the policy, ``planner.py`` for the lead,
``helper.py`` for a helper.
"""
