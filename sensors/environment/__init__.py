"""The skin: temperature, air, light, presence, vibration, water, power.

1. `sources`   a table of readings -> `Chunk`: one row each. `tables` reads rows, `columns` and `forms` find
   what is what in them, `quantities` knows units and ranges, `times` reads the times.
2. `features`  chunks -> `Features`: the readings, gaps and doubtful values marked.
3. `detectors` features -> `Score`: how unlike this place's past that is.
"""
