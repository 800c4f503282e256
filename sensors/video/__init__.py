"""The eye.

1. `sources`   a file with pictures -> `Chunk`: one small grey frame each, at the container's own times; `images`: a
   folder of pictures; `live`: cameras.
2. `features`  chunks -> `Features`, laid out in `layout`: `looks` of the picture, `flow`, `cells`, `crowd`, and things
   that `blobs` and `tracks` follow.
3. `detectors` features -> `Score`: how unlike this place's past that is.

Whatever is shown to people of a picture goes through `veil`.
"""
