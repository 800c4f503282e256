"""What a live watch is made of: threads that listen, queues, the moment of a verdict, what is kept and told.

1. `listener`  a thread a sensor: chunks to features, into the `inbox`, a bounded queue; `shedding` says what gives way.
2. `vigil`     asks `intake`, the engine with its sensors, for a verdict as soon as it can be given, and never too late.
3. `telling`   tells the sinks that `outlets` made of the settings; `notify` tells systemd.
4. `state`     keeps what was learned; `recorder` and `journal` write a recording, which `retrace` replays as heard.
"""
