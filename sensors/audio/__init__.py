"""The ear.

1. `sources`     a file with sound -> `Chunk`: mono, 16 kHz, float32 in [-1, 1]; `decoding` opens it, `wave_header`
   distrusts it, `mono` mixes and resamples. Live ones, the same: `live`.
2. `features`    chunks -> `Features`, every quarter of a second: `frontend` and `mel` make the spectrum, `measures`
   tell whether the microphone lives, a `classifier` says what is heard.
3. `detectors`   features -> `Score`: a channel for each class that is watched for; `novelty`, for sounds that no class
   names: how unlike this place's past; level.
4. `events`      scores of a file -> events with an onset and an end, for `kizashi audio`.

Classifiers come in `packs`; the one in `builtin/` was made by `training`. `adopting` takes in a user's own, `windowed`
and `engines` run it behind the same seam. Nothing here keeps sound, and speech is only ever told as speech.
"""
