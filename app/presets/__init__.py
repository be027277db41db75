"""Presets: filters that were saved under a name, to be shared and used again."""
