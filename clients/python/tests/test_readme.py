"""What README.md shows is so; programs written for ZnSocket run."""
from __future__ import annotations

import doctest
from pathlib import Path

import coppice as znsocket
from coppice.client import Pipeline

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_of_the_readme(address: str) -> None:
    text = README.read_text().replace("coppice://localhost:5000", address).replace("```", "")
    test = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    assert len(test.examples) > 20
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, out=said.append)
    assert result.failed == 0, "".join(said)


def test_a_program_for_znsocket(address: str) -> None:
    url = address.replace("coppice://", "http://")
    client = znsocket.Client(url)
    client.hset("hash", "field", "value")
    assert client.hget("hash", "field") == "value"
    pipeline = client.pipeline()
    assert isinstance(pipeline, Pipeline)
    for number in range(3):
        pipeline.rpush("raw", str(number))
    assert pipeline.execute() == [1, 2, 3]

    todo = znsocket.List(client, "todo", repr_type="full")
    todo.extend(["write", "test", "write"])
    todo.insert(2, "read")
    assert str(todo) == "List(['write', 'test', 'read', 'write'])"
    del todo[::3]
    state = znsocket.Dict(r=client, key="state")
    state["todo"] = todo
    state.update({"done": False, "steps": [1, 2]})

    seen = znsocket.Dict(r=znsocket.Client.from_url(url.replace("http://", "znsocket://")), key="state")
    assert seen["todo"][:] == ["test", "read"]
    assert seen == {"todo": todo, "done": False, "steps": [1, 2]}
    seen["todo"][0] = seen["done"] = True
    assert (todo[0], state["done"]) == (True, True)
    assert repr(state) == "Dict(keys=['todo', 'done', 'steps'])"
    state.clear()
    assert len(state) == 0
    try:
        client.lset("none", 0, "x")
    except znsocket.exceptions.ResponseError as error:
        assert "no such key" in str(error)
