"""Search over files: the filter language, sorts, counts, facets, and the indexes below them."""
