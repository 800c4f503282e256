"""Where verdicts and incidents go: JSON lines, and a table for people."""
