"""A client of the API, for the command line and the demo. It knows the server by its public schema only."""
