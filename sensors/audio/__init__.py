"""The ear.

1. `sources`   a file with sound -> `Chunk`: mono, 16 kHz, float32 in [-1, 1]; `decoding` opens it,
   `wave_header` distrusts it.
2. `features`  chunks -> `Features`: what each moment sounds like.
3. `detectors` features -> `Score`: how unlike this place's past that is.
"""
