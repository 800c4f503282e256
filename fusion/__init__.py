"""From scores of single senses to few, explained, ranked incidents.

The flow, tick by tick (see `engine.Engine`):

1. `calibrate`  how rare is this raw score against this site's past? A p-value.
2. `align`      which senses say something about this moment: MATCH, ABSENT, or WAIT a little.
3. `combine`    one p-value out of many that are not independent, ranked against its own past.
4. `triage`     open, hold, escalate, close; severity, grouping, and a sentence that says why.

`runner` drives sensors and engine, `assemble` knows them all, `cli` is what people type and `commands` do. What a live
watch needs besides is in `live`, driven by `daemon`; who is told in `sinks`, what is kept in `store`.
"""
