"""Object storage: which object a URL names, who may open it, and our own store for uploads."""
