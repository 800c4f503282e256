"""All that objects hold, as a tree of plain data, and back into objects that were made alike.

Why not what each class thinks is worth keeping: what it forgets to mention is a seam, and nobody sees it until a
restart falls into an open window. So everything is kept but what an object was made with: functions, and values of the
classes that are told to be left. Thawing calls no constructor and knows no class but those it is given; a tree holds
nothing executable.

The tree is made of None, bool, int, float, str, bytes and of lists whose first item says what they are:
"l", "t", "s" list, tuple, set, then items · "q" deque, longest, items · "d" dict, pairs · "e" enumeration, class, value
"a" array, type, shape, bytes · "o" object, number, class, attributes · "r" the same object again, number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np

Tree = Any
"""As above."""


@runtime_checkable
class Dense(Protocol):
    """An object that says more briefly what it holds."""

    def kept(self) -> dict[str, object]:
        """All of it, for `regain`; floats in great number as arrays."""
        ...

    def regain(self, kept: Mapping[str, Any]) -> None:
        """Be what was kept."""
        ...


def freeze(root: object, leave: tuple[type, ...]) -> Tree:
    """All that an object holds, and what that holds.

    Parameters
    ----------
    root : object
        Of a class of our own.
    leave : tuple of type
        Attributes with values of these classes, and functions, are what an object was made with: not kept.

    Raises
    ------
    TypeError
        Where something is held that is none of the kinds above.
    """
    return _Freezer(leave).tree(root)


def thaw(root: object, tree: Tree, known: Iterable[type]) -> Any:
    """Give an object what another, made alike, held when it was frozen; plain values are what is returned.

    Parameters
    ----------
    root : object
        Fresh; what `freeze` left out is taken from it, and from what it holds.
    tree : Tree
        Of `freeze`.
    known : iterable of type
        Classes that may occur.

    Raises
    ------
    KeyError, IndexError, TypeError, ValueError
        If the tree is not whole, or names a class that is not known; the object is then of no use.
    """
    return _Thawer({one.__name__: one for one in known}).value(tree, root)


class _Freezer:
    def __init__(self, leave: tuple[type, ...]) -> None:
        self._leave = leave
        self._seen: dict[int, tuple[int, object]] = {}

    def tree(self, value: object) -> Tree:
        if isinstance(value, Enum):
            return ["e", type(value).__name__, value.value]
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, bool | int | float | str | bytes):
            return value
        if isinstance(value, np.ndarray):
            return ["a", value.dtype.str, list(value.shape), np.ascontiguousarray(value).tobytes()]
        if isinstance(value, list | tuple):
            return ["l" if isinstance(value, list) else "t", *map(self.tree, value)]
        if isinstance(value, deque):
            return ["q", value.maxlen, *map(self.tree, value)]
        if isinstance(value, set | frozenset):
            return ["s", *map(self.tree, value)]
        if isinstance(value, dict):
            return ["d", *([self.tree(key), self.tree(item)] for key, item in value.items())]
        return self._object(value)

    def _object(self, value: object) -> Tree:
        if isinstance(value, self._leave) or callable(value) or not hasattr(value, "__module__"):
            raise TypeError(f"a {type(value).__name__} cannot be kept")
        if id(value) in self._seen:
            return ["r", self._seen[id(value)][0]]
        number = len(self._seen)
        # Why the object too: as long as it lives nothing else has its number.
        self._seen[id(value)] = number, value
        held = value.kept() if isinstance(value, Dense) else _attributes(value)
        kept = {name: item for name, item in held.items() if not (isinstance(item, self._leave) or callable(item))}
        return ["o", number, type(value).__name__, {name: self.tree(item) for name, item in kept.items()}]


class _Thawer:
    def __init__(self, known: Mapping[str, type]) -> None:
        self._known = known
        self._made: dict[int, object] = {}

    def value(self, tree: Tree, there: object = None) -> Any:
        """What a tree says; of what was `there` before, what is alike is kept, and filled."""
        if not isinstance(tree, list):
            return tree
        kind, rest = tree[0], tree[1:]
        return _READERS[kind](self, rest, there)

    def row(self, rest: list[Tree], there: object) -> list[Any]:
        before = list(there) if isinstance(there, list | tuple) and len(there) == len(rest) else [None] * len(rest)
        return [self.value(item, old) for item, old in zip(rest, before, strict=True)]

    def queue(self, rest: list[Tree], there: object) -> deque[Any]:
        return deque((self.value(item) for item in rest[1:]), rest[0])

    def table(self, rest: list[Tree], there: object) -> dict[Any, Any]:
        before = there if isinstance(there, dict) else {}
        own = {key: key for key in before}
        out = {}
        for key, item in rest:
            name = self.value(key)
            out[own.get(name, name)] = self.value(item, before.get(name))
        return out

    def choice(self, rest: list[Tree], there: object) -> Any:
        return self._known[rest[0]](rest[1])

    def array(self, rest: list[Tree], there: object) -> Any:
        return np.frombuffer(rest[2], np.dtype(rest[0])).reshape(rest[1]).copy()

    def thing(self, rest: list[Tree], there: object) -> object:
        number, name, held = rest
        made = self._known[name]
        target = there if type(there) is made else object.__new__(made)
        self._made[number] = target
        if isinstance(target, Dense):
            target.regain({key: self.value(item) for key, item in held.items()})
            return target
        for key, item in held.items():
            object.__setattr__(target, key, self.value(item, getattr(target, key, None)))
        return target

    def again(self, rest: list[Tree], there: object) -> object:
        return self._made[rest[0]]


_READERS: Mapping[str, Callable[[_Thawer, list[Tree], object], Any]] = {
    "l": _Thawer.row,
    "t": lambda thawer, rest, there: tuple(thawer.row(rest, there)),
    "s": lambda thawer, rest, there: frozenset(thawer.row(rest, None)),
    "q": _Thawer.queue,
    "d": _Thawer.table,
    "e": _Thawer.choice,
    "a": _Thawer.array,
    "o": _Thawer.thing,
    "r": _Thawer.again,
}


def _attributes(value: object) -> dict[str, object]:
    names: Collection[str] = [each.name for each in fields(value)] if is_dataclass(value) else vars(value)
    return {name: getattr(value, name) for name in names if hasattr(value, name)}
