"""Vectors of files and frames: where they are kept, how near ones are found, who makes them."""
