"""How the built-in classifier came to be, and how to make another: `kizashi train audio`. Needs the extra `train`.

1. `corpus`    folders with `manifest.csv` -> clips: sound, label, source, licence; some sources held out. `packages`
   makes such a folder of free packages whose file names tell their sounds, wherever `containers` finds them.
2. `patterns`  alarms and sirens by formula, for what recordings are few of; `textures`, for what has no name.
3. `effects`   rooms, distance, microphones, telephones: what happens to a sound on its way.
4. `scenes`    clips -> mixtures of 4 s, or rows of clips nearly clean, with a label for every quarter of a second.
5. `teachers`  larger networks whose opinions of the same mixtures are learned too; their weights are never shipped.
6. `shards`    mixtures with the teachers' opinions, as arrays on disk; written by a process of its own.
7. `network`   the network, causal in time: what it says of a moment needs nothing later.
8. `begin`     a pack -> the network again, to go on from where the last training ended.
9. `loop`      the training itself, by `muon`; goes on where it was stopped.
10. `fold`      what was learned of the teacher's names, added to what was learned from labels.
11. `examine`   average precision on sources never trained on; thresholds in false alarms an hour.
12. `export`    weights -> ONNX with its pack and `card`.

The built-in network heard 200 rounds, 43 minutes on two x86 cores, ten more for the second teacher and the examination:

    kizashi train audio --data CLIPS --data TRAINED --ordinary CHOSEN_BY --unseen REPORTED --rounds 200 --seed 12
        --start EARLIER_PACK --yamnet yamnet.tflite --effects checkpoint.pth --out RUN

TRAINED, CHOSEN_BY and REPORTED are what `packages` makes of its three parts.

`command` is all this in a row; `heads` fits our classes on YAMNet's own embedding instead.
"""
