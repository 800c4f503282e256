"""Everything that touches the world: sources, features and detectors for sound, air and picture.

The flow, for each sensor (see `base.Sensor`):

1. `Source` reads a file or a device and yields `Chunk`s with their event time.
2. `Extractor` turns chunks into `Features` on a fixed time grid.
3. `Detector` turns features into `Score`s: larger is stranger.

What strange means for this place, and what several senses say together, is `fusion`'s business.
"""
