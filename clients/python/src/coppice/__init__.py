"""coppice: lists and dicts on a server that can be copied, branched and rewound in O(1).

    client = coppice.Client("coppice://localhost:5000")
    frames = coppice.List(client, "frames")
    frames.extend(["a", "b", "c"])
    trial = coppice.List(client.branch("trial"), "frames")
    trial[1] = "B"    # frames is still a, b, c

Programs written for ZnSocket run with `import coppice as znsocket`.
"""
from coppice import exceptions
from coppice.array import Array
from coppice.client import Client, Pipeline
from coppice.dataset import Dataset
from coppice.objects import Dict, DictAdapter, List, ListAdapter, Segments
from coppice.server import Server
from coppice.storages import MemoryStorage, Storage
from coppice.versions import Branch, Change, Move, Part, Span, Tag, Version

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
    "MemoryStorage",
    "Move",
    "Part",
    "Pipeline",
    "Segments",
    "Server",
    "Span",
    "Storage",
    "Tag",
    "Version",
    "__version__",
    "exceptions",
]
