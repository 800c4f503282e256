"""Three recordings synthesised from physics, and the generator that makes them: `python -m sample_streams.generate`."""
