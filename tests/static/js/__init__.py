"""The modules of the pages, each in a browser; the folders mirror ``static/js``."""
