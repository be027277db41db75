"""Figures of our own beside the least that the same work can cost, taken in one run."""
