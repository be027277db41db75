"""Registration of files: the documents that name them, the jobs that read them, local uploads."""
