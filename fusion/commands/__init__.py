"""What each command does: read, work, write, print. `cli` imports these when they are needed."""
