"""How operations reach us."""
