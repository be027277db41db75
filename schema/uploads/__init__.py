"""Local uploads and registration jobs."""
