"""What programs import from ZnSocket's modules they import from ours of the same name."""
from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

# What docs/moving-from-znsocket.md says is not there.
NOT_HERE = {
    "znsocket": {"attach_events"},
    "znsocket.server": {"attach_events", "get_sio"},
}


def public(module: ModuleType) -> set[str]:
    """What a module offers: what it lists, or else what it defines itself."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return set(listed)
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    return {name for name in own if not name.startswith("_")}


@pytest.mark.parametrize("name", [
    "znsocket", "znsocket.abc", "znsocket.client", "znsocket.exceptions", "znsocket.objects", "znsocket.server",
    "znsocket.storages",
])
def test_names_of_the_published_package(name: str) -> None:
    theirs = importlib.import_module(name)
    ours = importlib.import_module(name.replace("znsocket", "coppice"))
    wanted = public(theirs)
    missing = {each for each in wanted if not hasattr(ours, each)}
    assert missing == NOT_HERE.get(name, set()) and len(wanted) > 0
    for each in wanted - missing:
        assert inspect.isclass(getattr(theirs, each)) == inspect.isclass(getattr(ours, each))
