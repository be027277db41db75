"""Folders, files, composites and integrations."""
