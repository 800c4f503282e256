"""The ear as it listens: microphones, streams and network microphones.

Two processes, see `sensors.reader`:

1. `reader`     the child. It runs the reading half of `microphone`, `url` or `wyoming`, which yields blocks as they
   arrive.
2. `pieces`     child: blocks -> pieces of one length, mono, 16 kHz, each with the moment of its arrival.
3. `source`     parent: pieces -> `Chunk`s at their event times.

The other halves of `microphone`, `url` and `wyoming` are the sources that the registry knows.
"""
