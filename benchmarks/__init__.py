"""Measurements of whole commands: `python -m benchmarks.replay`."""
