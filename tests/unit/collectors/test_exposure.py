"""What must not be served is looked at, and its content is not kept."""

from typing import Any

from verify.collectors.exposure import collect
from verify.facts.exposure import Probe, Probed
from verify.run.codec import encode

ENV = b"# ours\nSECRET_KEY='correct-horse-battery'\n"


def test_only_the_words_that_give_it_away_are_kept(serve: Any, reply: Any, world: Any) -> None:
    notes = reply(body=b"the password is hunter22", headers={"Content-Type": "text/plain"})
    system = serve({"/.env": reply(body=ENV), "/notes.txt": notes})
    needs = tuple(map(Probe, ("/.env", "/notes.txt", "/.git/HEAD")))
    seen = dict(collect(needs, world(system.url)))
    assert seen[needs[0]] == Probed(url=f"{system.url}/.env", status=200, shown="SECRET_KEY")
    assert seen[needs[1]] == Probed(url=f"{system.url}/notes.txt", status=200, shown="24 bytes of text/plain")
    assert seen[needs[2]] == Probed(url=f"{system.url}/.git/HEAD", status=404)
    kept = str([encode(one) for one in seen.values()])
    assert "battery" not in kept
    assert "hunter" not in kept
    assert len(system.asked) == 3
