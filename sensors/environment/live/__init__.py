"""The skin as it feels: sensors that speak by MQTT, HTTP, Modbus, serial lines, sysfs or a file that grows.

1. `reading`     the seam: a `Reader` connects and yields a `Report` of `Reading`s, a `Complaint`, or None while all is
   quiet; it raises `ReaderError` when its other end fails. `mqtt`, `http`, `push`, `modbus`, `serial_line`, `sysfs`
   and `tail` each hold one. The first three read `payloads`, in the `dialects` that are about, and `senml`; what is
   wrong with one is a flaw (`flaws`). `topics` and `brokers` are of MQTT alone.
2. `feed`        the reader's thread, and a bounded queue that drops the oldest and counts; each item with its arrival.
3. `rows`        reports -> rows: columns and units, values that physics allows, times that never go back.
4. `offsets`     how far each device's own clock is from ours.
5. `complaints`  what could not be used, counted by reason and origin, logged once a minute at most.
6. `source`      watches for silence, tells `Health`, begins again after a `Backoff`, yields `Chunk`s.
"""
