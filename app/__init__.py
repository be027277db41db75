"""Labelgraph's rules and data: what is true and what may happen. Knows no GraphQL."""
