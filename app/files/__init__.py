"""Folders, the files in them, composites of files, and the integrations that say where bytes lie."""
