"""Sounds of free packages whose file names say what they are: a corpus made of unpacked Debian packages.

    apt-get download ufoai-sound freedoom ...
    dpkg -x ufoai-sound_*.deb unpacked/ufoai-sound ...
    python -m sensors.audio.training.packages unpacked out --yamnet yamnet.tflite --known CORPUS

A name is believed only where YAMNet finds a trace of the class in the sound. What has no telling name is kept
without a label: `OTHER` where YAMNet hears no alert class in it, else `UNKNOWN`; teachers have opinions of both.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensors.audio.training.containers import Sound, sounds
from sensors.audio.training.corpus import MANIFEST, OTHER, UNKNOWN, load_corpus
from sensors.audio.training.fold import NAMES
from sensors.audio.training.shards import log_mel
from sensors.audio.training.teachers import WINDOW, Yamnet

Samples = NDArray[np.float32]

LICENCES = {
    "alienblaster-data": "GPL-2+ (package)",
    "asterisk-core-sounds-en-wav": "CC BY-SA 3.0 (package)",
    "blobwars-data": "CC BY 3.0 / CC BY-SA 3.0 / GPL-2+ / public domain (package, per file)",
    "boswars-data": "GPL-2+ (package)",
    "btanks-data": "GPL-2+ (package)",
    "bzflag-data": "LGPL-2.1 / MPL-2.0 (package)",
    "deepin-sound-theme": "GPL-3+ (package)",
    "dopewars-data": "GPL-2+ (package)",
    "fluid-soundfont-gs": "MIT (package)",
    "freedink-data": "GPL-3+ / CC BY 3.0 / CC BY-SA 3.0 (package, per file)",
    "freedoom": "BSD-like (Freedoom licence)",
    "gamine-data": "GPL-3+ (package)",
    "gcompris-qt-data": "CC BY-SA 3.0 / GPL-3+ / CC BY 3.0 (package, per file)",
    "gl-117-data": "GPL-2 (package)",
    "hedgewars-data": "GFDL-1.3 / CC BY-SA 3.0 (package, per file)",
    "heroes-sound-effects": "GPL-2+ (package)",
    "libreoffice-common": "MPL-2.0 / CC0 (package, not checked per file)",
    "lugaru-data": "CC BY-SA 3.0 (package)",
    "marsshooter-data": "CC BY-SA 3.0 / CC BY 3.0 / GPL-3+ (package, per file)",
    "mate-media-common": "GPL-2+ (package)",
    "megaglest-data": "CC BY-SA 3.0 (package)",
    "micropolis-data": "GPL-3+ (package)",
    "mrrescue": "CC BY-SA 3.0 / zlib (package)",
    "naev-data": "GPL-3 / CC BY 3.0 / CC BY-SA 3.0 / public domain (package, per file)",
    "nagstamon": "GPL-2 (package)",
    "netpanzer-data": "GPL-2+ (package)",
    "nexuiz-data": "GPL-2+ (package)",
    "openarena-081-players": "GPL-2 (package)",
    "openarena-data": "GPL-2+ (package)",
    "openssn-data": "GPL-2 (package)",
    "openttd-opensfx": "CC BY-SA 3.0 (package)",
    "oxygen-sounds": "LGPL-3+ (package)",
    "pekka-kana-2-data": "BSD-2-Clause (package)",
    "psi-plus-sounds": "GPL-2+ (package)",
    "scorched3d-data": "GPL-2+ / CC BY-SA 3.0 (package)",
    "searchandrescue-data": "GPL-2 (package)",
    "simutrans-pak64": "Artistic-1.0 (package)",
    "sonic-pi-samples": "CC0 (package)",
    "sound-icons": "GPL-2+ (package)",
    "starfighter-data": "CC BY-SA 3.0 / CC BY 3.0 / GPL-3+ / public domain (package, per file)",
    "supertux-data": "GPL-2+ / GPL-3+ (package, per file)",
    "supertuxkart-data": "CC BY-SA 3.0 / CC0 / CC BY 3.0 / GPL-2+ / public domain (package, per file)",
    "teeworlds-data": "CC BY-SA 3.0 / CC0 (package)",
    "tuxmath-data": "GPL-3+ / CC BY-SA 3.0 / public domain (package, per file)",
    "tuxpaint-stamps-default": "GPL-2 (package)",
    "ufoai-sound": "GPL-2+ / CC BY-SA 3.0 / CC BY 3.0 (package, per file)",
    "unknown-horizons": "CC BY-SA 3.0 / GPL-2+ (package, per file)",
    "warmux-data": "GPL-2+ (package)",
    "warzone2100-data": "GPL-2+ / CC BY-SA 3.0 / CC0 (package, per file)",
    "wesnoth-1.16-data": "GPL-2+ or CC BY-SA (package, not checked per file)",
    "widelands-data": "GPL-2+ / CC BY-SA 3.0 (package)",
}
"""Packages that are known, and their licences as the packages state them."""

RULES: tuple[tuple[str, str, str], ...] = (
    ("alienblaster-data", r"/alarm\.", "alarm"),
    ("alienblaster-data", r"/explosion", "explosion"),
    ("asterisk-core-sounds-en-wav", r"/[a-z-]+\.wav", "speech"),
    ("blobwars-data", r"/(machinegun|pistol)$", "gunshot"),
    ("blobwars-data", r"/(grenade|explo1)", "explosion"),
    ("blobwars-data", r"/(death\d|elecdeath\d)", "scream"),
    ("blobwars-data", r"/door(locked|open)", "door"),
    ("blobwars-data", r"/blizzard", "rain_wind_water"),
    ("blobwars-data", r"/cheer$", "crowd_laughter"),
    ("boswars-data", r"/(assault|engineer|grenadier|bazoo|medic)_die", "scream"),
    ("boswars-data", r"/assault_attack", "gunshot"),
    ("boswars-data", r"(_hit|\.die|/buggy_die|/smolder_die)\.", "explosion"),
    ("boswars-data", r"(_select|action|ready|completed|underattack)", "speech"),
    ("btanks-data", r"/klaxon\.", "alarm"),
    ("btanks-data", r"/(deadman\d|kamikaze-scream)", "scream"),
    ("btanks-data", r"explosion", "explosion"),
    ("btanks-data", r"/(shot|machinegunner-bullet)\.", "gunshot"),
    ("btanks-data", r"/(engine-|helicopter|train|tank-move|vehicle-sound)", "vehicle"),
    ("btanks-data", r"/fire\.", "fire_crackle"),
    ("btanks-data", r"/laugh", "crowd_laughter"),
    ("btanks-data", r"/man-steps", "footsteps"),
    ("btanks-data", r"/cow\.", "animal_other"),
    ("bzflag-data", r"/(boom|explosion)\.", "explosion"),
    ("dopewars-data", r"/(gun|colt)\.", "gunshot"),
    ("dopewars-data", r"/die\.", "scream"),
    ("dopewars-data", r"/(train|jet)\.", "vehicle"),
    ("fluid-soundfont-gs", r":/siren", "siren"),
    ("fluid-soundfont-gs", r":/dog bark", "dog_bark"),
    ("fluid-soundfont-gs", r":/scream", "scream"),
    ("fluid-soundfont-gs", r":/(gun|machinegun)", "gunshot"),
    ("fluid-soundfont-gs", r":/explosion", "explosion"),
    ("fluid-soundfont-gs", r":/thunder", "thunder"),
    ("fluid-soundfont-gs", r":/(car |heli|train)", "vehicle"),
    ("fluid-soundfont-gs", r":/door", "door"),
    ("fluid-soundfont-gs", r":/(seattlerain|sea shore)", "rain_wind_water"),
    ("fluid-soundfont-gs", r":/(laugh|applause)", "crowd_laughter"),
    ("fluid-soundfont-gs", r":/footstep", "footsteps"),
    ("fluid-soundfont-gs", r":/bird", "animal_other"),
    ("fluid-soundfont-gs", r":/telephone", "bell_phone"),
    ("freedink-data", r"/wscream", "scream"),
    ("freedink-data", r"/bird", "animal_other"),
    ("freedoom", r"/ds(pistol|shotgn|dshtgn)$", "gunshot"),
    ("freedoom", r"/ds(barexp|rxplod|firxpl)$", "explosion"),
    ("freedoom", r"/ds(pldeth|pdiehi|podth\d|keendt|sssdth|plpain)$", "scream"),
    ("freedoom", r"/ds(doropn|dorcls|bdopn|bdcls)$", "door"),
    ("gcompris-qt-data", r"/(lrbark|dog\.)", "dog_bark"),
    ("gcompris-qt-data", r"/(cow|horse|cat|chickens|duck|owl|pig|sheep)\.ogg", "animal_other"),
    ("gcompris-qt-data", r"/lrfrog", "animal_other"),
    ("gcompris-qt-data", r"/(lrtrain|lrstartandstopcar|train\.wav)", "vehicle"),
    ("gcompris-qt-data", r"/lrrain", "rain_wind_water"),
    ("gcompris-qt-data", r"/lrring", "bell_phone"),
    ("gcompris-qt-data", r"/lrfactory", "machinery"),
    ("gcompris-qt-data", r"/lrapplauses", "crowd_laughter"),
    ("gcompris-qt-data", r"/lrdoor", "door"),
    ("gcompris-qt-data", r"/lrobject_falling", "household"),
    ("gcompris-qt-data", r"/(guitar|lrbuddhist)", "music"),
    ("gl-117-data", r"/(explode|hit)\d", "explosion"),
    ("gl-117-data", r"/gun\d", "gunshot"),
    ("gl-117-data", r"/thunder", "thunder"),
    ("hedgewars-data", r"sounds/(explosion|mortar)\.", "explosion"),
    ("hedgewars-data", r"sounds/(gun|minigun|shotgunfire)\.", "gunshot"),
    ("hedgewars-data", r"sounds/molotov", "glass_break"),
    ("hedgewars-data", r"sounds/(plane|rcplane)\.", "vehicle"),
    ("hedgewars-data", r"sounds/steps", "footsteps"),
    ("hedgewars-data", r"/laugh\.", "crowd_laughter"),
    ("hedgewars-data", r"voices/.*/(nooo|ow\d|flyaway|kamikaze)\.", "scream"),
    ("hedgewars-data", r"voices/", "speech"),
    ("heroes-sound-effects", r"/explo", "explosion"),
    ("libreoffice-common", r"/explos", "explosion"),
    ("libreoffice-common", r"/(applause|romans)", "crowd_laughter"),
    ("libreoffice-common", r"/(cow|horse|nature\d)", "animal_other"),
    ("libreoffice-common", r"/(train|traffic)", "vehicle"),
    ("libreoffice-common", r"/(curve|drama|kongas|roll|pluck)", "music"),
    ("libreoffice-common", r"/(gong|kling)", "bell_phone"),
    ("lugaru-data", r"/bark\d?\.", "dog_bark"),
    ("lugaru-data", r"/alarm", "alarm"),
    ("lugaru-data", r"/rabbitpain", "scream"),
    ("lugaru-data", r"/footstep", "footsteps"),
    ("lugaru-data", r"/(wind|desertambient)\.", "rain_wind_water"),
    ("lugaru-data", r"/music", "music"),
    ("lugaru-data", r"/fire\.", "fire_crackle"),
    ("lugaru-data", r"/hawk", "animal_other"),
    ("marsshooter-data", r"announcer/", "speech"),
    ("marsshooter-data", r"/(planetexplode|shipexplode)", "explosion"),
    ("marsshooter-data", r"/(music|menu|tutorial)", "music"),
    ("mate-media-common", r"/bark", "dog_bark"),
    ("mate-media-common", r"/glass", "glass_break"),
    ("megaglest-data", r"/(swordman|archer|guard|worker|technician|spearman|stickfighter|horseman)_die", "scream"),
    ("megaglest-data", r"/(princess|valkyrie|initiate|battlemage|archmage|summoner|shaman|warrior)_die", "scream"),
    ("megaglest-data", r"/magician/sounds/die", "scream"),
    ("megaglest-data", r"/wolf\.", "animal_other"),
    ("megaglest-data", r"/(cow|pig|sheep|chicken|bull|eagle|ele)_(ack|select|attack)", "animal_other"),
    ("megaglest-data", r"/sheep\d", "animal_other"),
    ("megaglest-data", r"_(ack|select)\d", "speech"),
    ("megaglest-data", r"/(rain|wind)\.", "rain_wind_water"),
    ("megaglest-data", r"/horseman_walk", "footsteps"),
    ("megaglest-data", r"/(anvil|worker_mine|technician_build|worker_build)", "household"),
    ("micropolis-data", r"/(siren|police)", "siren"),
    ("micropolis-data", r"/explosion", "explosion"),
    ("micropolis-data", r"/(honk|heavytraffic|skid|ignition)", "vehicle"),
    ("micropolis-data", r"/(bulldozer)", "machinery"),
    ("mrrescue", r"/glass", "glass_break"),
    ("mrrescue", r"explosion", "explosion"),
    ("mrrescue", r"/door", "door"),
    ("mrrescue", r"\.ogg$", "music"),
    ("naev-data", r"/(explosion\d|empexplode|medexp\d|lrgexp\d|bansheeexp)", "explosion"),
    ("naev-data", r"/autocannon", "gunshot"),
    ("naev-data", r"/music/", "music"),
    ("nagstamon", r"/(critical|down)\.", "alarm"),
    ("netpanzer-data", r"/scream", "scream"),
    ("netpanzer-data", r"/expl_\d", "explosion"),
    ("netpanzer-data", r"/(lt|mt|ht|hv|ho|mu)-fire", "gunshot"),
    ("netpanzer-data", r"/battle_mg", "gunshot"),
    ("netpanzer-data", r"(yessir|affirm|movout|tarconf|selected|attack)", "speech"),
    ("netpanzer-data", r"/(hevidle|hevmov|hevstart|tankidle)", "vehicle"),
    ("nexuiz-data", r"weapons/(shotgun|campingrifle|uzi|machinegun)_fire", "gunshot"),
    ("nexuiz-data", r"weapons/(rocket|grenade)_impact|weapons/hagexp", "explosion"),
    ("nexuiz-data", r"player/(death|falling|fall\d|pain100|pain75)", "scream"),
    ("nexuiz-data", r"kh/alarm", "alarm"),
    ("nexuiz-data", r"footstep", "footsteps"),
    ("nexuiz-data", r"(announcer|tutorial|coms)/", "speech"),
    ("nexuiz-data", r"wind", "rain_wind_water"),
    ("nexuiz-data", r"(ambient/machine|generator|/fan\d|machinevat)", "machinery"),
    ("nexuiz-data", r"tuba_note", "music"),
    ("openarena-081-players", r"player/\w+/(death|falling|pain100|pain_100|pain75)", "scream"),
    ("openarena-081-players", r"player/\w+/taunt", "speech"),
    ("openarena-data", r"player/\w+/(death|falling|pain100)", "scream"),
    ("openarena-data", r"(machgf|sshotf|vulcanf)\d", "gunshot"),
    ("openarena-data", r"(rocklx1a|wstbexpl|kam_explode)", "explosion"),
    ("openarena-data", r"voices/", "speech"),
    ("openarena-data", r"world/(wind|demonwind|waterfall)", "rain_wind_water"),
    ("openarena-data", r"world/fire", "fire_crackle"),
    ("openarena-data", r"world/(fan|machinery|tim_)", "machinery"),
    ("openarena-data", r"doors/", "door"),
    ("openssn-data", r"/explosion", "explosion"),
    ("openttd-opensfx", r"^explosion", "explosion"),
    ("openttd-opensfx", r"(plane|jet|train|bus|truck|helicopter|horn)", "vehicle"),
    ("openttd-opensfx", r"(sawmill|jackhammer|chainsaw|mining)", "machinery"),
    ("openttd-opensfx", r"wind", "rain_wind_water"),
    ("openttd-opensfx", r"(sheep|cow|horse\"|bird|monkeys|lion)", "animal_other"),
    ("openttd-opensfx", r"applause", "crowd_laughter"),
    ("openttd-opensfx", r"level crossing", "bell_phone"),
    ("oxygen-sounds", r"phone-ring", "bell_phone"),
    ("pekka-kana-2-data", r"/explot", "explosion"),
    ("pekka-kana-2-data", r"/(moo|bird|chick|crow|hen|pig2?)\.", "animal_other"),
    ("scorched3d-data", r"misc/dog", "dog_bark"),
    ("scorched3d-data", r"misc/scream", "scream"),
    ("scorched3d-data", r"misc/(firetruck|policecar)", "siren"),
    ("scorched3d-data", r"shoot/(machinegun|shotgun|tripleshot)", "gunshot"),
    ("scorched3d-data", r"explosions/(exp|large|medium|small|xlarge|tank|meteor)\.", "explosion"),
    ("scorched3d-data", r"thunder", "thunder"),
    ("scorched3d-data", r"misc/(carhorn|cessna|helicopter|apache|f1\d_|jet|t38)", "vehicle"),
    ("scorched3d-data", r"misc/(cows|moo|rooster|sheep|bird|gull|frogs|wolf|bats)", "animal_other"),
    ("scorched3d-data", r"misc/(oceanwaves|rain)", "rain_wind_water"),
    ("scorched3d-data", r"/(mix3|music)", "music"),
    ("scorched3d-data", r"misc/cheering", "crowd_laughter"),
    ("searchandrescue-data", r"sounds/(overspeed|stall)", "alarm"),
    ("searchandrescue-data", r"engine|/(hh60|hh65)/", "vehicle"),
    ("searchandrescue-data", r"thunder", "thunder"),
    ("searchandrescue-data", r"music/", "music"),
    ("searchandrescue-data", r"door", "door"),
    ("simutrans-pak64", r"/explosion", "explosion"),
    ("simutrans-pak64", r"/(truck|diesel|bus|comet-jet|steam|planelow|boat-horn)", "vehicle"),
    ("simutrans-pak64", r"/(horse|seagulls|tropic|forest)", "animal_other"),
    ("simutrans-pak64", r"/(jackhammer|buzzsaw)", "machinery"),
    ("simutrans-pak64", r"/(water|arctic|desert)\.", "rain_wind_water"),
    ("simutrans-pak64", r"/crossing", "bell_phone"),
    ("sonic-pi-samples", r"(loop_|bass_|guit_|tabla_|drum_|bd_|sn_|ambi_piano|ambi_choir)", "music"),
    ("sound-icons", r"/glass-water", "rain_wind_water"),
    ("sound-icons", r"/(cembalo|electric-piano|guitar|klavichord|piano|trumpet|violoncello)", "music"),
    ("sound-icons", r"/(xylofon|percussion|cymbaly)", "music"),
    ("starfighter-data", r"sound/explode", "explosion"),
    ("starfighter-data", r"/maledeath", "scream"),
    ("starfighter-data", r"music/", "music"),
    ("supertux-data", r"/(crystallo-shatter|icecrash)", "glass_break"),
    ("supertux-data", r"/(explosion|firecracker)\.", "explosion"),
    ("supertux-data", r"/phone", "bell_phone"),
    ("supertux-data", r"/(thunder|lightning)\.", "thunder"),
    ("supertux-data", r"/(rain|waterfall)\.", "rain_wind_water"),
    ("supertux-data", r"/fireworks", "fireworks"),
    ("supertux-data", r"/door\.", "door"),
    ("supertux-data", r"/saw\.", "machinery"),
    ("supertux-data", r"/music/", "music"),
    ("supertuxkart-data", r"/wilhelmscream", "scream"),
    ("supertuxkart-data", r"sfx/(explosion|shoot)\.", "explosion"),
    ("supertuxkart-data", r"/(airplane|car_|engine_|horn|skid)", "vehicle"),
    ("supertuxkart-data", r"/exotic-birds", "animal_other"),
    ("supertuxkart-data", r"/(rain|river_loop|waterfall)", "rain_wind_water"),
    ("supertuxkart-data", r"/thunder", "thunder"),
    ("supertuxkart-data", r"/fireworks_show", "fireworks"),
    ("supertuxkart-data", r"/(anvil|metal_clang|hammer)\.", "household"),
    ("supertuxkart-data", r"/(machine_sound)", "machinery"),
    ("supertuxkart-data", r"music/", "music"),
    ("teeworlds-data", r"wp_(gun|shotty)_fire", "gunshot"),
    ("teeworlds-data", r"wp_flump_explo", "explosion"),
    ("teeworlds-data", r"foley_foot", "footsteps"),
    ("tuxmath-data", r"/alarm", "alarm"),
    ("tuxmath-data", r"/explosion", "explosion"),
    ("tuxmath-data", r"(gravity|universe|rush)", "music"),
    ("tuxpaint-stamps-default", r"_desc", "speech"),
    ("tuxpaint-stamps-default", r"dogs/dog\.", "dog_bark"),
    ("tuxpaint-stamps-default", r"emergency/(firetruck|police|ambulance)", "siren"),
    ("tuxpaint-stamps-default", r"newyears/fireworks", "fireworks"),
    ("tuxpaint-stamps-default", r"instruments|music", "music"),
    ("tuxpaint-stamps-default", r"animals/", "animal_other"),
    ("tuxpaint-stamps-default", r"vehicles/", "vehicle"),
    ("ufoai-sound", r"bullet-(chaingun|hmg|pistol|rifle|shotgun|smg|sniper|heavybolter|bolter)", "gunshot"),
    ("ufoai-sound", r"combat-gun", "gunshot"),
    ("ufoai-sound", r"(weapons/explosion|combat-explosion|combat-rocket-exp)", "explosion"),
    ("ufoai-sound", r"(civilians|soldiers)/.*(death|scream|hurt)", "scream"),
    ("ufoai-sound", r"breakglass", "glass_break"),
    ("ufoai-sound", r"basealert", "alarm"),
    ("ufoai-sound", r"thunder", "thunder"),
    ("ufoai-sound", r"ambience/(smallfire|fire)", "fire_crackle"),
    ("ufoai-sound", r"ambience/(water|arcticwind)", "rain_wind_water"),
    ("ufoai-sound", r"footsteps/\w+\d", "footsteps"),
    ("ufoai-sound", r"doors/", "door"),
    ("ufoai-sound", r"ugv/diesel", "vehicle"),
    ("ufoai-sound", r"ambience/(machine|minepump|wind_turbine|engine)", "machinery"),
    ("ufoai-sound", r"misc/break(wood|metal)", "household"),
    ("unknown-horizons", r"/(sheepfield)", "animal_other"),
    ("unknown-horizons", r"/(ships_bell|chapel)", "bell_phone"),
    ("unknown-horizons", r"/(lumberjack|smith|stonemason)", "household"),
    ("unknown-horizons", r"/(waves|irelands_coast)", "rain_wind_water"),
    ("unknown-horizons", r"/voice", "speech"),
    ("unknown-horizons", r"/music/", "music"),
    ("warmux-data", r"weapons/(gun|m16|shotgun)\.", "gunshot"),
    ("warmux-data", r"weapons/(explosion|dynamite_exp|riot_bomb_exp)", "explosion"),
    ("warmux-data", r"weapons/ember", "fire_crackle"),
    ("warmux-data", r"music/", "music"),
    ("warzone2100-data", r"misc/scream", "scream"),
    ("warzone2100-data", r"weapons/(mgtower|mgheavy|mgbar|asltmg|rapdcan)", "gunshot"),
    ("warzone2100-data", r"weapons/(lrgcan|medcan|smlcan|mortar|hivelcan)", "gunshot"),
    ("warzone2100-data", r"explons/(mpodexpl|smlexpl|lrgexpl|atnkexpl)", "explosion"),
    ("warzone2100-data", r"sfx/vehicle/", "vehicle"),
    ("warzone2100-data", r"taunts/", "speech"),
    ("wesnoth-1.16-data", r"/(human|human-old|human-female|elf|dwarf|goblin|orc|orc-small)-(die|hit)", "scream"),
    ("wesnoth-1.16-data", r"/gunshot", "gunshot"),
    ("wesnoth-1.16-data", r"sounds/explosion", "explosion"),
    ("wesnoth-1.16-data", r"/(birds|night|morning|horse-(die|hit)|gryphon-shriek|wolf-growl)", "animal_other"),
    ("wesnoth-1.16-data", r"/campfire", "fire_crackle"),
    ("wesnoth-1.16-data", r"/lightning", "thunder"),
    ("wesnoth-1.16-data", r"/horn-\d", "music"),
    ("wesnoth-1.16-data", r"/music/", "music"),
    ("widelands-data", r"/(coyote|wolf)", "animal_other"),
    ("widelands-data", r"/animals/", "animal_other"),
    ("widelands-data", r"/farm/", "animal_other"),
    ("widelands-data", r"/(sawmill|weaver)", "machinery"),
    ("widelands-data", r"/(hammering|smiths|falling_tools|stonecutting|woodcutting)", "household"),
    ("widelands-data", r"/music/", "music"),
)  # fmt: skip
"""Package, expression that is looked for in the small letters of a file's path, class."""

REPORTED = (
    "alienblaster-data", "blobwars-data", "dopewars-data", "freedink-data", "gl-117-data", "lugaru-data",
    "netpanzer-data", "openarena-data", "openssn-data", "openttd-opensfx", "pekka-kana-2-data", "scorched3d-data",
    "sonic-pi-samples", "sound-icons", "supertux-data", "ufoai-sound",
)  # fmt: skip
"""Packages for figures alone: never trained on, and nothing is chosen by them."""

CHOSEN_BY = (
    "boswars-data", "bzflag-data", "fluid-soundfont-gs", "freedoom", "libreoffice-common", "micropolis-data",
    "mrrescue", "oxygen-sounds", "searchandrescue-data", "starfighter-data", "teeworlds-data", "tuxmath-data",
    "warmux-data",
)  # fmt: skip
"""Packages by which one network is preferred to another: never trained on either."""

PARTS = {
    "all": tuple(LICENCES),
    "trained": tuple(name for name in LICENCES if name not in {*REPORTED, *CHOSEN_BY}),
    "chosen-by": CHOSEN_BY,
    "reported": REPORTED,
}
"""What a corpus is for. Whole packages, since sounds of one package are alike; once and for ever, since a package that
was trained on or chosen by proves nothing."""

TRACES = {
    **NAMES,
    "alarm": (*NAMES["alarm"], 304, 389, 392, 475),
    "gunshot": (*NAMES["gunshot"], 424, 425, 420, 426, 427, 428, 430, 460),
    "explosion": (*NAMES["explosion"], 421, 422, 423, 424, 426, 428, 454, 460),
    "glass_break": (*NAMES["glass_break"], 463),
    "siren": (*NAMES["siren"], 317, 318, 319),
    "scream": (*NAMES["scream"], 7, 22),
}
"""AudioSet's classes, in YAMNet's order, that are a trace of an alert class."""

TRACE, GROAN, NONE = 0.04, 0.1, 0.03
"""Highest score of these from which a name is believed; from which a fighter's last word is a scream and no groan; and
up to which a nameless sound is none of the alert classes."""

LONGEST_S, SHORTEST_S, PIECES = 5.0, 0.2, 4
MOST = 150
"""Clips of a class that a package may give."""

TWIN = 0.9
"""Likeness of two spectra from which one of the sounds is left out."""


def label_of(package: str, path: str) -> str:
    """What a file's name says it is; `UNKNOWN` if nothing."""
    for name, expression, label in RULES:
        if name == package and re.search(expression, path.lower()):
            return label
    return UNKNOWN


def judge(label: str, samples: Samples, teacher: Yamnet) -> str:
    """The label that is believed; `OTHER` or `UNKNOWN` for what has none, `UNKNOWN` for an alert without a trace."""
    padded = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    begins = range(0, len(padded) - WINDOW + 1, WINDOW // 2)
    scores = np.max([teacher.hear(padded[begin : begin + WINDOW])[1] for begin in begins], axis=0)
    if label in TRACES:
        return label if scores[list(TRACES[label])].max() >= (GROAN if label == "scream" else TRACE) else UNKNOWN
    if label != UNKNOWN:
        return label
    alerts = max(scores[list(places)].max() for places in TRACES.values())
    return OTHER if alerts < NONE else UNKNOWN


def cut(samples: Samples) -> Iterator[Samples]:
    """Pieces of 5 s at most, without the silence around them; none of what is too short or too faint."""
    loud = np.flatnonzero(np.abs(samples) > max(float(np.abs(samples).max(initial=0.0)) * 0.004, 1e-4))
    if not len(loud):
        return
    samples = samples[loud[0] : loud[-1] + 1]
    longest = int(LONGEST_S * 16_000)
    count = min(PIECES, max(1, len(samples) // longest))
    for begin in np.linspace(0, max(0, len(samples) - longest), count).astype(int):
        piece = samples[begin : begin + longest]
        if len(piece) >= SHORTEST_S * 16_000 and np.abs(piece).max() > 0.003:
            yield piece


def outline(samples: Samples) -> NDArray[np.float32]:
    """How the spectrum moves in the first second, of length 1: the same for copies in another format and level.

    Why its movement: two blasts have much the same spectrum, but no two have the same noise.
    """
    frames = np.maximum(log_mel(np.pad(samples, (0, 16_000))[:16_000] / np.abs(samples).max()), -1.0)
    flat = np.diff(frames, axis=0).ravel()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)


def gather(
    unpacked: Path, out: Path, teacher: Yamnet, known: list[Path], packages: Iterable[str] = tuple(LICENCES)
) -> Counter[tuple[str, str]]:
    """Write the corpus; returns clips by label and package.

    Parameters
    ----------
    unpacked : Path
        A folder a package, by the package's name.
    out : Path
        The corpus.
    teacher : Yamnet
        Believes or doubts the names.
    known : list of Path
        Corpora whose sounds are not taken again.
    packages : iterable of str
        Those to take, of `LICENCES`.
    """
    import soundfile  # type: ignore[import-untyped]

    seen = Seen()
    for folder in known:
        for clip in load_corpus(folder):
            seen.add(outline(clip.sound))
    counts: Counter[tuple[str, str]] = Counter()
    out.mkdir(parents=True, exist_ok=True)
    with (out / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "fold", "seconds", "source", "original_file", "licence"])
        for package in sorted(packages):
            for sound in sounds(unpacked / package):
                if counts[label_of(package, sound.path), package] >= MOST:
                    continue
                for label, piece in _pieces(package, sound, teacher, seen):
                    counts[label, package] += 1
                    path = f"{label}/{package}_{counts[label, package]:04d}.flac"
                    (out / label).mkdir(exist_ok=True)
                    soundfile.write(out / path, piece, 16_000, subtype="PCM_16")
                    seconds = f"{len(piece) / 16_000:.2f}"
                    writer.writerow([path, label, 1, seconds, f"Debian {package}", sound.path, LICENCES[package]])
    return counts


class Seen:
    """Outlines of the sounds that were taken."""

    def __init__(self) -> None:
        self._rows: NDArray[np.float32] = np.zeros((1024, 63 * 64), np.float32)
        self._count = 0

    def add(self, row: NDArray[np.float32]) -> None:
        """Remember one."""
        if self._count == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._count] = row
        self._count += 1

    def has(self, row: NDArray[np.float32]) -> bool:
        """Whether one that was remembered is nearly the same."""
        return self._count > 0 and float((self._rows[: self._count] @ row).max()) > TWIN


def _pieces(package: str, sound: Sound, teacher: Yamnet, seen: Seen) -> Iterator[tuple[str, Samples]]:
    """What is worth keeping of a sound; its outline is added to those seen."""
    told = label_of(package, sound.path)
    samples = sound.samples()
    for piece in cut(samples) if samples is not None else ():
        shape = outline(piece)
        if seen.has(shape):
            continue
        seen.add(shape)
        yield judge(told, piece, teacher), piece


def main() -> None:
    """Make the corpus and tell what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--yamnet", type=Path, required=True)
    parser.add_argument("--known", type=Path, action="append", default=[], help="a corpus not to take sounds of again")
    parser.add_argument("--part", choices=PARTS, default="all", help="what the corpus is for")
    told = parser.parse_args()
    counts = gather(told.unpacked, told.out, Yamnet(told.yamnet), told.known, PARTS[told.part])
    for (label, package), count in sorted(counts.items()):
        sys.stdout.write(f"{label:16} {package:30} {count}\n")


if __name__ == "__main__":
    main()
