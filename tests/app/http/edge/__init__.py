"""The edge: policies in virtual time, and the layer over a real application."""
