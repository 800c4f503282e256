"""The ear as it listens: microphones, streams and network microphones.

Two processes, because a driver or a network library that hangs can only be killed from outside:

1. `reader`     the child. It reads its order from stdin and runs the reading half of `microphone`, `url` or `wyoming`,
   which yields blocks as they arrive; its parent's end is its own.
2. `pieces`     child: blocks -> pieces of one length, mono, 16 kHz, each with the moment of its arrival.
3. `outlet`     child: a bounded queue to stdout that drops the oldest and counts; `wire` is what the pipe carries.
4. `process`    parent: starts, hears, ends and kills the child.
5. `timeline`   parent: arrivals -> event times, given once, that never go back.
6. `source`     parent: watches for stalls, tells `Health`, restarts after a `backoff`, yields `Chunk`s.

The other halves of `microphone`, `url` and `wyoming` are the sources that the registry knows.
"""
