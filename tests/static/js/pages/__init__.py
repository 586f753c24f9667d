"""Whole pages against the fake server, with media of a second page where they need it."""
