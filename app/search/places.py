"""Tests of what a file lies in: folders, folders with tags, collections, parts of plots."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Text, and_, func, not_, select, true
from sqlmodel import col

from app.accounts.actor import Actor
from app.accounts.models import Tag
from app.collections import queries as collections
from app.collections.models import Collection, CollectionFile
from app.embeddings import plots
from app.files import operators
from app.files.comparisons import IdTest
from app.files.models import File, FolderAncestor, FolderTag
from app.files.operators import Condition
from app.search.filters import FileFilter, PlaceTest

FILE: Any = File.__table__.c  # type: ignore[attr-defined]


def conditions(actor: Actor, tree: FileFilter) -> Iterator[Condition]:
    """Those of one tree, without the trees in it."""
    if tree.folder is not None:
        yield in_folder(actor, tree.folder)
    if tree.folder_tags is not None:
        yield _tagged(actor, list(dict.fromkeys(tree.folder_tags)))
    if tree.collection_id is not None:
        yield from _collected(actor, tree.collection_id)
    if tree.region is not None:
        yield plots.in_region(actor, tree.region)


def in_folder(actor: Actor, place: PlaceTest) -> Condition:
    """Whether a file is in this place."""
    if not place.is_recursive:
        return FILE.folder_id == place.folder_id  # type: ignore[no-any-return]
    below = select(col(FolderAncestor.folder_id)).where(
        col(FolderAncestor.organisation_id) == actor.organisation_id,
        col(FolderAncestor.ancestor_id) == place.folder_id,
    )
    return FILE.folder_id.in_(below)  # type: ignore[no-any-return]


def _tagged(actor: Actor, names: list[str]) -> Condition:
    """Whether a file's own folder has all of these tags."""
    if not names:
        return true()
    same = and_(
        col(Tag.organisation_id) == col(FolderTag.organisation_id),
        col(Tag.id) == col(FolderTag.tag_id),
    )
    tagged = (
        select(col(FolderTag.folder_id))
        .join(Tag, same)
        .where(col(FolderTag.organisation_id) == actor.organisation_id)
        .where(operators.among(col(Tag.name), names, Text()))
        .group_by(col(FolderTag.folder_id))
        .having(func.count() == len(names))
    )
    return FILE.folder_id.in_(tagged)  # type: ignore[no-any-return]


def _collected(actor: Actor, test: IdTest) -> Iterator[Condition]:
    """Whether a file is in collections that the actor may see; a file in none of these is in none at all."""
    if test.eq is not None:
        yield _within(actor, IdTest(eq=test.eq))
    if test.in_ is not None:
        yield _within(actor, IdTest(in_=test.in_))
    if test.not_in is not None:
        yield not_(_within(actor, IdTest(in_=test.not_in)))
    if test.is_null is not None:
        held = _within(actor, IdTest())
        yield not_(held) if test.is_null else held


def _within(actor: Actor, some: IdTest) -> Condition:
    seen = collections.visible(actor).where(*operators.ids(col(Collection.id), some))
    held = select(col(CollectionFile.file_id)).where(
        col(CollectionFile.organisation_id) == actor.organisation_id,
        col(CollectionFile.collection_id).in_(seen.with_only_columns(col(Collection.id))),
    )
    return FILE.id.in_(held)  # type: ignore[no-any-return]
