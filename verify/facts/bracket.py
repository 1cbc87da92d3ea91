"""What a database held while it was backed up by something that we could not give our snapshot."""

from dataclasses import replace

from verify.facts.equality import ABSENT, Manifest, Relation

_WRITTEN = "written to while it was backed up, and not under our snapshot"


def bracketed(before: Manifest, after: Manifest) -> Manifest:
    """Return what the source held all the time from ``before`` to ``after``; pure.

    A relation that is the same in both is proved by either; one that is not is unprovable. A fact of
    the catalogue was either, and a sequence has been somewhere between the two.
    """
    names = before.relations.keys() | after.relations.keys()
    relations = {name: _steady(before.relations.get(name), after.relations.get(name)) for name in names}
    facts = before.catalogue.keys() | after.catalogue.keys()
    both = {what: (before.catalogue.get(what, ABSENT), after.catalogue.get(what, ABSENT)) for what in facts}
    return replace(
        before,
        relations=dict(sorted(relations.items())),
        later={
            what: last
            for what, (first, last) in sorted(both.items())
            if first != last or what.startswith("sequence-value ")
        },
    )


def _steady(before: Relation | None, after: Relation | None) -> Relation:
    one = before or after
    assert one is not None  # noqa: S101 - the name is of one of both
    same = (
        before is not None
        and after is not None
        and (before.columns, before.sums) == (after.columns, after.sums)
    )
    return one if same else replace(one, unprovable=_WRITTEN)
