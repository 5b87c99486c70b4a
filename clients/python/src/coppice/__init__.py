"""coppice: lists and dicts on a server that can be copied, branched and rewound in O(1).

    client = coppice.Client("coppice://localhost:5000")
    frames = coppice.List(client, "frames")
    frames.extend(["a", "b", "c"])
    trial = coppice.List(client.branch("trial"), "frames")
    trial[1] = "B"    # frames is still a, b, c

Programs written for ZnSocket run with `import coppice as znsocket`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from coppice import exceptions
from coppice.array import Array
from coppice.client import Client, Pipeline
from coppice.dataset import Dataset
from coppice.objects import Dict, DictAdapter, List, ListAdapter, Segments
from coppice.server import Server
from coppice.storages import MemoryStorage, Storage
from coppice.versions import Branch, Change, Move, Part, Span, Tag, Version

if TYPE_CHECKING:
    from coppice.collections import Map, Set, Text, Vector, diff, merge

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Branch",
    "Change",
    "Client",
    "Dataset",
    "Dict",
    "DictAdapter",
    "List",
    "ListAdapter",
    "Map",
    "MemoryStorage",
    "Move",
    "Part",
    "Pipeline",
    "Segments",
    "Server",
    "Set",
    "Span",
    "Storage",
    "Tag",
    "Text",
    "Vector",
    "Version",
    "__version__",
    "diff",
    "exceptions",
    "merge",
]


def __getattr__(name: str) -> object:
    """The persistent collections are compiled, and imported when a program asks for one."""
    if name not in {"Map", "Set", "Text", "Vector", "diff", "merge"}:
        raise AttributeError(f"module 'coppice' has no attribute {name!r}")
    from coppice import collections

    return getattr(collections, name)
