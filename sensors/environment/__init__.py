"""The skin: temperature, air, light, presence, vibration, water, power.

1. `sources`   a table of readings -> `Chunk`: one row each. `tables` reads rows, `columns` and `forms` find
   what is what in them, `quantities` knows ranges and rhythms, `units` converts, `times` reads the times.
   `live` makes the same of what is measured now.
2. `features`  chunks -> `Features`: the readings, gaps and doubtful values marked.
3. `detectors` features -> `Score`: how unlike this place's past that is.
"""
