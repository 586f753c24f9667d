"""Frames, capture and statistics."""
