"""How much of an organisation somebody sees. PostgreSQL cannot guess it, and good plans depend on it.

Whoever sees most files finds those of a filter quickest by the filter's own indexes; whoever sees few, by their
folders (docs/adr/0015). It is a hint alone: what is found does not depend on it, so it may be a minute old.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, func, literal_column, select
from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.roles import OrganisationRole
from app.core.reads import Reads
from app.files import access
from app.files.models import Folder

BELIEVED_SECONDS = 60.0
MOST_HELD = 10_000
MOST_COUNTED = 10_000
"""Folders; of more so many are taken for all."""

_Eyes = tuple[UUID, UUID, OrganisationRole]


@dataclass(slots=True)
class _Held:
    """Those who asked last: when that was, and whether they see most."""

    known: dict[_Eyes, tuple[float, bool]] = field(default_factory=dict)


async def sees_most(reads: Reads, actor: Actor) -> bool:
    """Whether the actor has a role on half of the folders or more."""
    held: _Held = reads.kept.get("breadth", _Held)
    known, now = held.known.get(actor.eyes), time.monotonic()
    if known is not None and now - known[0] < BELIEVED_SECONDS:
        return known[1]
    compiled = reads.kept.get(
        ("breadth", actor.eyes), lambda: reads.compiler.compiled(_counts(actor))
    )
    (row,) = await reads.fetch(actor.scope, compiled.sql, compiled.arguments({}))
    found: bool = row["seen"] * 2 >= row["all"]
    if len(held.known) >= MOST_HELD:
        held.known.clear()
    held.known[actor.eyes] = now, found
    return found


def _counts(actor: Actor) -> Select[Any]:
    mine = access.listed_folders(actor)
    every = select(Folder).where(col(Folder.organisation_id) == actor.organisation_id)
    return select(_count(mine).label("seen"), _count(every).label("all"))


def _count(folders: Any) -> Any:
    some = folders.with_only_columns(literal_column("1"), maintain_column_froms=True)
    most = bindparam("most", MOST_COUNTED, type_=Integer)
    return select(func.count()).select_from(some.limit(most).subquery()).scalar_subquery()
