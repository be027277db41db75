"""The demo of `make run`: an organisation with people of every role, their tokens, and real files."""
