"""Metadata: the typed keys of an organisation, and the values that files hold under them."""
