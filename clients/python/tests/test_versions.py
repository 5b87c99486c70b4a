"""Versions: branches, commits, tags, the past, differences, and going back."""
from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest
import redis

import coppice
from coppice.exceptions import FrozenStorageError, ResponseError


def test_branches_are_clients(client: coppice.Client) -> None:
    client.rpush("l", "a")
    trial = client.branch("trial")
    assert client.branch("trial").current_branch() == trial.current_branch() == "trial"
    trial.rpush("l", "b")
    older = trial.branch("older", from_="main")
    assert (client.llen("l"), trial.llen("l"), older.llen("l")) == (1, 2, 1)
    with client.on("trial") as there:
        there.pipeline().rpush("l", "c").execute()
    assert trial.lrange("l", 0, -1) == ["a", "b", "c"]
    found = {branch.name: branch for branch in trial.branches()}
    assert set(found) == {"main", "older", "trial"}
    assert found["trial"].current and not found["main"].current and found["trial"].keys == 1
    assert abs(datetime.now(timezone.utc) - found["trial"].time) < timedelta(minutes=5)
    with pytest.raises(ResponseError, match="no branch 'none'"):
        client.on("none")
    with pytest.raises(ResponseError, match="no version 'none'"):
        client.branch("new", from_="none")
    client.delete_branch("older")
    with pytest.raises(ResponseError, match="was deleted"):
        older.get("l")


def test_an_address_names_a_branch(client: coppice.Client, address: str) -> None:
    with pytest.raises(ResponseError, match="no branch 'a/b'"):
        coppice.Client(f"{address}/a/b")
    client.branch("a/b").set("k", "v")
    there = coppice.Client(f"{address}/a/b")
    assert (there.get("k"), client.get("k"), there.branch("main").current_branch()) == ("v", None, "main")


def test_commits_and_tags_name_versions(client: coppice.Client) -> None:
    client.set("k", "one")
    first = client.commit("first", author="me")
    assert client.commit("nothing new") == first and len(first) == 40
    client.tag("v1")
    client.set("k", "two")
    second = client.commit("second")
    client.tag("v2", second)
    client.at("v1").tag("v1b")
    assert {tag.name: tag.id for tag in client.tags()} == {"v1": first, "v1b": first, "v2": second}
    assert [client.at(ref).get("k") for ref in ("v1", first, "main~1", "v2~1", second[:8], "main")] == (
        ["one"] * 4 + ["two"] * 2)
    newest = client.log(commits=True, count=2)[:2]
    assert [(each.id, each.kind, each.message, each.author) for each in newest] == [
        (second, "commit", "second", ""), (first, "commit", "first", "me")]
    assert [each.id for each in client.log("v1", count=1)] == [first]
    assert client.at("v1").log(count=1) == client.log("v1", count=1)
    with pytest.raises(ResponseError, match="is taken"):
        client.tag("v1")
    with pytest.raises(ResponseError, match="is a tag"):
        client.branch("v1")
    client.delete_tag("v1b")
    assert [tag.name for tag in client.tags()] == ["v1", "v2"]


def test_logs_have_bounds(client: coppice.Client) -> None:
    client.set("k", "1")
    client.commit("one")
    middle = datetime.now(timezone.utc)
    client.set("other", "1")
    client.commit("two")
    assert "one" not in [each.message for each in client.log(since=middle)]
    assert client.log(until=middle, commits=True)[0].message == "one"
    assert client.log(key="k", commits=True)[0].message == "one"
    assert client.log()[-1].kind == "begin"
    with pytest.raises(ValueError, match="time zone"):
        client.log(since=middle.replace(tzinfo=None))


def test_the_past_can_only_be_read(client: coppice.Client) -> None:
    client.hset("h", mapping={"a": "1"})
    client.rpush("l", "x")
    client.commit("one")
    client.tag("v1")
    client.flushall()
    past = client.at("v1")
    assert past.hgetall("h") == {"a": "1"}
    assert past.pipeline().hgetall("h").lrange("l", 0, -1).exists("l").execute() == [{"a": "1"}, ["x"], 1]
    assert past.pipeline(transaction=False).hgetall("h").execute() == [{"a": "1"}]
    assert sorted(past.scan_iter()) == ["h", "l"]
    assert past.ping() and past.info("server") and past.config_get("appendfsync")
    assert past.memory_usage("h") and past.execute_command("hgetall", "h") == {"a": "1"}
    for write in (lambda: past.set("k", "v"), lambda: past.flushall(), lambda: past.commit("no"),
                  lambda: past.rewind("main"), lambda: past.pipeline().set("k", "v").execute(),
                  lambda: past.pipeline(transaction=False).set("k", "v").execute(),
                  lambda: coppice.List(past, "l").append(1), lambda: past.call("delete", "l")):
        with pytest.raises(FrozenStorageError, match="is frozen and cannot be modified"):
            write()
    with pytest.raises(ResponseError, match="no version 'none'"):
        client.at("none").get("k")
    rescued = past.branch("rescued")
    assert rescued.lrange("l", 0, -1) == ["x"] and rescued.rpush("l", "y") == 2
    assert client.at("v1").at("main").exists("l") == 0


def test_the_past_outlives_its_client(client: coppice.Client, address: str) -> None:
    client.set("k", "v")
    past = coppice.Client(address).at("main")
    assert [past.get("k") for _ in range(3)] == ["v"] * 3


def test_the_past_of_a_client_with_one_connection(client: coppice.Client, address: str) -> None:
    client.set("k", "v")
    one = coppice.Client(address, single_connection_client=True)
    for _ in range(3):
        assert one.at("main").get("k") == one.get("k") == "v"
    with one.on("main") as there:
        assert there.get("k") == "v"


def test_differences(client: coppice.Client) -> None:
    client.rpush("l", "a", "b", "c")
    client.hset("h", mapping={"a": "1", "b": "2"})
    client.set("s", "text")
    trial = client.branch("trial")
    trial.execute_command("LSPLICE", "l", 1, 1, "B", "BB")
    trial.hset("h", "a", "one")
    trial.delete("s")
    trial.sadd("new", "x")
    changes = {change.key: change for change in client.diff("main", "trial")}
    assert {key: (change.kind, change.type, change.size) for key, change in changes.items()} == {
        "l": ("changed", "list", 4), "h": ("changed", "hash", 2),
        "s": ("removed", "string", 4), "new": ("added", "set", 1),
    }
    (run,) = changes["l"].parts
    assert (run.what, run.old, run.new) == ("run", ["b"], ["B", "BB"])
    assert (run.before, run.after) == (coppice.Span(1, 1), coppice.Span(1, 2))
    (field,) = changes["h"].parts
    assert (field.what, field.at, field.kind, field.old, field.new, field.before) == (
        "field", "a", "changed", "1", "one", None)
    assert [change.key for change in client.diff("main", "trial", key="h")] == ["h"]
    assert [change.key for change in client.diff("main", "trial", match="[ls]")] == ["l", "s"]
    assert client.diff("main", "trial", db=1) == client.diff("main", "main") == []
    trial.hset("h", mapping={"a": "x" * 2000})
    (cut,) = client.diff("main", "trial", key="h")[0].parts
    assert (len(cut.new), cut.new_bytes, cut.old_bytes) == (1024, 2000, None)


def test_differences_of_several_pages_are_one(client: coppice.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coppice.versions.PAGE", 7)
    trial = client.branch("trial")
    client.hset("h", "same", "1")
    trial.hset("h", mapping={f"f{number:03}": "1" for number in range(50)})
    trial.mset({f"k{number:03}": "1" for number in range(50)})
    changes = client.diff("main", "trial")
    assert [change.key for change in changes] == ["h", *(f"k{number:03}" for number in range(50))]
    assert sorted(part.at for part in changes[0].parts) == [*(f"f{number:03}" for number in range(50)), "same"]


def test_going_back_and_forth(client: coppice.Client) -> None:
    client.set("k", "one")
    one = client.commit("one")
    client.set("k", "two")
    client.rewind("main~0")
    assert client.get("k") == "one"
    (move,) = client.reflog(count=1)
    assert move.action == "rewind to main~0" and move.after == one
    client.rewind(move.before)
    assert client.get("k") == "two"
    assert len(client.reflog()) >= 2


def test_collections_have_versions(client: coppice.Client, plain: redis.Redis) -> None:
    for r in (client, plain):
        client.flushall()
        items, pairs = coppice.List(r, "items"), coppice.Dict(r, "pairs")
        items.extend([1, 2])
        pairs["items"] = items
        before = client.commit("before")
        items.append(3)
        pairs["more"] = 1
        after = client.commit("after")
        assert items.at(before)[:] == [1, 2]
        assert items.at("main")[::-1] == [3, 2, 1]
        assert pairs.at(before).keys() == ["items"]
        assert pairs.at(before)["items"][:] == [1, 2]
        assert [each.id for each in items.history() if each.kind == "commit"][:2] == [after, before]
        assert pairs.history(count=1)[0].id == after
        for write in (lambda: items.at(before).append(1), lambda: items.at(before).clear(),  # noqa: B023
                      lambda: pairs.at(before).update(a=1), lambda: pairs.at(before)["items"].pop(),  # noqa: B023
                      lambda: items.at(before).restore("main")):  # noqa: B023
            with pytest.raises(FrozenStorageError, match=r"'znsocket.*' is frozen"):
                write()
        rescued = items.at(before).at("main").at(before).copy("rescued")
        rescued.append("more")
        assert rescued[:] == coppice.List(r, "rescued")[:] == [1, 2, "more"]
        items.restore(before)
        pairs.restore(before)
        assert (items[:], pairs.keys()) == ([1, 2], ["items"])
        items.clear()
        empty = client.commit("empty")
        items.extend([7])
        items.restore(empty)
        assert items == []
        with pytest.raises(redis.exceptions.ResponseError, match="no version 'none'"):
            items.restore("none")


def test_times_are_references(client: coppice.Client) -> None:
    items = coppice.List(client, "items")
    items.append("early")
    client.commit("early")
    time.sleep(0.05)
    early = datetime.now(timezone.utc)
    items.append("late")
    assert items.at(f"main@{early.isoformat()}")[:] == items.at(f"main@{early.timestamp():.6f}")[:] == ["early"]
