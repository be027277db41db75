"""Collections: files that were picked out, by hand, by title or by a preset."""
