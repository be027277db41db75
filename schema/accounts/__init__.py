"""People, organisations, groups, tokens, keys and tags."""
