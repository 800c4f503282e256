"""Reading what may hang: a driver or a network library that never returns can only be killed from outside.

Two processes, whatever the sense:

1. `child`     the reader. It takes its order from stdin, and later ones too; its parent's end is its own.
2. `outlet`    child: a bounded queue to stdout that drops the oldest and counts; `wire` is what the pipe carries.
3. `process`   parent: starts, hears, tells, ends and kills the child.
4. `timeline`  parent: arrivals -> event times, given once, that never go back.
5. `source`    parent: watches for stalls, tells `Health`, restarts after a `backoff`, yields `Chunk`s.

`address` is for what is pulled from a net. A sense adds what reads (`sensors.audio.live.reader`), and what a message
holds.
"""
