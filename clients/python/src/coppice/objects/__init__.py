"""Collections that live on the server: what Python's list and dict do, for all programs at once."""
from coppice.objects.dict import Dict
from coppice.objects.list import List

__all__ = ["Dict", "List"]
