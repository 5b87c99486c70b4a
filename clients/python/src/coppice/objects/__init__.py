"""Collections that live on the server: what Python's list and dict do, for all programs at once."""
from coppice.objects.adapters import DictAdapter, ListAdapter
from coppice.objects.dict import Dict
from coppice.objects.list import List
from coppice.objects.segments import Segments

__all__ = ["Dict", "DictAdapter", "List", "ListAdapter", "Segments"]
