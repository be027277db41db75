"""The metadata schema in the API."""
