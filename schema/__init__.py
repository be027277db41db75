"""What the world can ask. Thin: every field is one call into `app`."""
