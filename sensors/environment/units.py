"""Units, as devices and people write them, and how they become the documented ones: value * factor + offset.

Why a table of our own and not pint: a reading is converted by two numbers that are looked up once a column. Pint brings
half a second and 30 MB to every start, does not know "dBA", "Bspl" or SenML's "ug/m3", and cannot tell that "/" is a
share of humidity here and the state of a switch there. The spellings below are those of column names, of SenML (RFC
8428, doi:10.17487/RFC8428, RFC 8798, doi:10.17487/RFC8798) and of Home Assistant ("°C", "µg/m³", "L/min").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

SWITCH = "bool"
"""What is told as unit of a thing that is on or off, where its name may as well mean something measured."""

_UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "": {f"{SWITCH} fraction": (1, 0)},
    "c": {"c degc celsius": (1, 0), "f degf fahrenheit": (5 / 9, -160 / 9), "k kelvin": (1, -273.15), "cel": (1, 0)},
    "percent": {"percent pct rh percentrh percentel per_100": (1, 0), "fraction": (100, 0), "per_1000": (0.1, 0)},
    "ppm": {"ppm": (1, 0), "ppb": (1e-3, 0), "percent pct per_100": (1e4, 0)},
    "ppb": {"ppb": (1, 0), "ppm": (1e3, 0)},
    "ug_per_m3": {"ug_per_m3 ug_m3 ugm3": (1, 0), "mg_per_m3 mg_m3": (1e3, 0)},
    "hpa": {"hpa mbar": (1, 0), "kpa": (10, 0), "mmhg": (1.333224, 0), "inhg": (33.86389, 0)},
    "pa": {"pa": (1, 0), "hpa mbar": (100, 0), "kpa": (1e3, 0), "mpa": (1e6, 0), "bar": (1e5, 0), "psi": (6894.757, 0)},
    "lx": {"lx lux": (1, 0), "klx": (1e3, 0), "fc": (10.76391, 0)},
    "db": {"db dba db_a dbspl db_spl": (1, 0), "bspl": (10, 0)},
    "dbfs": {"dbfs": (1, 0)},
    "v": {"v volt volts": (1, 0), "mv": (1e-3, 0), "kv": (1e3, 0)},
    "g": {"g": (1, 0), "mg": (1e-3, 0), "m_per_s2 m_s2": (0.1019716, 0)},
    "mm_per_s": {"mm_per_s mm_s": (1, 0), "m_per_s m_s": (1e3, 0), "in_per_s ips": (25.4, 0)},
    "w": {"w watt watts": (1, 0), "kw": (1e3, 0)},
    "kwh": {"kwh": (1, 0), "wh": (1e-3, 0), "mwh": (1e3, 0), "j": (1 / 3.6e6, 0)},
    "a": {"a amp amps ampere": (1, 0), "ma": (1e-3, 0)},
    "ohm": {"ohm ohms": (1, 0), "kohm": (1e3, 0)},
    "hz": {"hz": (1, 0), "khz": (1e3, 0)},
    "l_per_min": {
        "l_per_min l_min lpm": (1, 0), "l_per_s l_s": (60, 0), "m3_per_h m3_h": (1e3 / 60, 0), "m3_per_s": (6e4, 0),
        "l_per_h l_h": (1 / 60, 0), "gpm gal_per_min": (3.785412, 0), "ft3_per_min cfm": (28.31685, 0),
    },
    "m": {"m": (1, 0), "cm": (1e-2, 0), "mm": (1e-3, 0), "ft": (0.3048, 0)},
}  # fmt: skip

FACTORS = {unit: {word: fo for words, fo in table.items() for word in words.split()} for unit, table in _UNITS.items()}
"""Of each documented unit: factor and offset of every unit that becomes it, by its plain spelling."""

# A thermocouple of type J is no column in joules: these are units only where they are told.
UNIT_WORDS = frozenset(word for table in FACTORS.values() for word in table) - {"j", "ft"}

_SIGNS = str.maketrans(
    {"°": "deg", "º": "deg", "µ": "u", "μ": "u", "%": "percent", "²": "2", "³": "3", "₂": "2", "Ω": "ohm"}
)
_PURE_NUMBER = "fraction"


def plain(text: str) -> str:
    """Letters and digits of any script, the rest as "_"; "/", SenML's unit of pure numbers, is a fraction."""
    if text.strip() == "/":
        return _PURE_NUMBER
    spelled = unicodedata.normalize("NFC", text).strip().translate(_SIGNS).lower().replace("/", "_per_")
    kept = (letter if letter.isalnum() or unicodedata.combining(letter) else "_" for letter in spelled)
    return re.sub("_+", "_", "".join(kept)).strip("_")


def split(column_name: str) -> tuple[str, str]:
    """Name without its unit, and the unit."""
    bracket = re.fullmatch(r"\s*(.+?)\s*[\[(]([^\])]*)[\])]\s*", column_name)
    if bracket and plain(bracket[2]) in UNIT_WORDS:
        return plain(bracket[1]), plain(bracket[2])
    words = plain(column_name).split("_")
    for length in (3, 2, 1):
        unit = "_".join(words[-length:])
        if len(words) > length and unit in UNIT_WORDS:
            return "_".join(words[:-length]), unit
    return "_".join(words), ""
