"""The data of the contests: one organisation, folders that a member sees half of, and files in them."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from app.accounts import credentials, groups, members, queries
from app.accounts.actor import Actor
from app.accounts.roles import EntityRole, MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from app.core import clock
from app.core import runtime as runtimes
from app.core.db import Tx
from app.core.runtime import Runtime
from app.core.settings import Settings
from app.files import folders, grants
from app.files.grants import Grantees
from app.uploads.models import DocumentFormat, UploadJob
from benchmarks import ground

TOP, BELOW = 4, 4
"""Folders at the top, and below each of them. The member is given the first, and by a group the second."""
SHARED = 2
"""So many of the topmost folders."""
RUN = 25
"""So many files of one folder follow each other, as from one upload; a page meets several folders."""

_FILES = """
insert into file (organisation_id, id, folder_id, type, name, description, storage_location, url, byte_size,
    mime_type, width, height, fps, duration_seconds, frame_count, is_component, is_tombstone, revision,
    created_by, created_at, updated_at)
select $1, uuidv7(), ($2::uuid[])[1 + (n / $4) % cardinality($2::uuid[])],
    case when is_video then 'VIDEO' else 'IMAGE' end,
    'camera ' || n % 7 || '/' || lpad(n::text, 8, '0') || case when is_video then '.mp4' else '.jpg' end,
    case when n % 5 = 0 then 'Taken at the north gate, in rain; the lens was cleaned before “run 2”.' else '' end,
    'AWS_S3',
    'https://a-bucket-of-ours.s3.eu-central-1.amazonaws.com/site-7/camera-' || n % 7 || '/'
        || lpad(n::text, 8, '0') || case when is_video then '.mp4' else '.jpg' end,
    100000 + n * 37, case when is_video then 'video/mp4' else 'image/jpeg' end, 1920, 1080,
    case when is_video then 25.0 end, case when is_video then 12.48 end, case when is_video then 312 end,
    false, false, 1 + n % 3, $5,
    timestamptz '2026-01-01 00:00:00.000123Z' + n * interval '1.000001 s',
    timestamptz '2026-03-01 00:00:00.000123Z' + n * interval '1.000001 s'
from (select n, n % 4 = 3 as is_video from generate_series(0, $3 - 1) as n) as numbered
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the contests ask for. `token` is a member's who sees half of the files."""

    organisation_id: UUID
    user_id: UUID
    token: str
    visible_count: int
    """How many files the member sees."""
    job_id: UUID
    """A registration job that nobody works at."""


async def filled(settings: Settings, count: int) -> Shelf:
    """A fresh organisation with `count` files in this database, its statistics taken."""
    async with runtimes.opened(settings) as runtime:
        admin = await ground.administrator(runtime)
        async with runtime.db.transaction(admin.scope) as tx:
            member, group_id = await _member(tx, admin)
            tops = [await folders.create(tx, admin, name=f"Site {n}") for n in range(TOP)]
            below = [
                await folders.create(tx, admin, name=f"Camera {n}", parent_id=top.id)
                for top in tops
                for n in range(BELOW)
            ]
            mine, ours = (
                Grantees(user_ids=frozenset({member})),
                Grantees(group_ids=frozenset({group_id})),
            )
            await grants.give(tx, tops[0], mine, EntityRole.USER)
            await grants.give(tx, tops[1], ours, EntityRole.USER)
            job = _job(admin, below[0].id)
            tx.add(job)
            token = await _token(tx, admin.organisation_id, member, runtime)
            shelf = Shelf(admin.organisation_id, member, token, count * SHARED // TOP, job.id)
        await _fill(settings, admin, [folder.id for folder in below], count)
        return shelf


async def _member(tx: Tx, admin: Actor) -> tuple[UUID, UUID]:
    """Somebody who is no administrator, and a group that they are in."""
    email = f"member-{clock.new_id().hex}@example.org"
    role = OrganisationRole.MEMBER
    await members.place(tx, admin.organisation_id, email, role, MemberType.INTERNAL)
    user_id = await queries.user_id_of(tx, email)
    assert user_id is not None
    group = await groups.create_group(tx, admin, name="People of site 1", description="")
    await tx.flush()
    await groups.add_users(tx, admin, group.id, [email])
    return user_id, group.id


async def _token(tx: Tx, organisation_id: UUID, user_id: UUID, runtime: Runtime) -> str:
    _, text = await credentials.create_token(
        tx,
        organisation_id,
        user_id,
        name="Benchmarks",
        scopes=[TokenScope.READ],
        expires_at=None,
        pepper=runtime.secret,
    )
    return text


def _job(admin: Actor, folder_id: UUID) -> UploadJob:
    return UploadJob(
        organisation_id=admin.organisation_id,
        folder_id=folder_id,
        created_by=admin.user_id,
        format=DocumentFormat.JSON,
        document_key="benchmark",
        file_name="images.json",
        unit_count=1_000_000,
    )


async def _fill(settings: Settings, admin: Actor, folder_ids: list[UUID], count: int) -> None:
    """As the owner, past row security: the files are the scenery, not what is measured."""
    bare = await asyncpg.connect(settings.database_url)
    try:
        who = admin.organisation_id, folder_ids, count, RUN, admin.user_id
        await bare.execute(_FILES, *who, timeout=600)
        await bare.execute("vacuum analyze", timeout=600)
    finally:
        await bare.close()
