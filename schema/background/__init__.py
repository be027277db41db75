"""Background jobs that their asker can watch, cancel, and read the result of."""
