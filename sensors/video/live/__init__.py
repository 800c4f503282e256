"""The eye as it watches: streams and cameras of this machine.

Two processes, see `sensors.reader`:

1. `reader`   the child. It opens what `url` or `v4l2` know to open.
2. `decoding` child: packets -> pictures that are whole, grey and small, no more of them than are wanted, each with the
   moment of its arrival and, where the other end tells it, of its taking; `losses` hears what was lost on the way;
   `wire` is how a message holds pictures.
3. `source`   parent: pictures -> `Chunk`s at their event times; sheds load while it runs.
"""
