"""What a daemon keeps on disk: one SQLite file, written by one thread, bounded by time."""
