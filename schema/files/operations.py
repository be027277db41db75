"""What can be asked about folders, files and integrations."""

from typing import Annotated

import strawberry

from app.accounts.tokens import TokenScope
from app.core.ids import Kind
from app.files import listings
from schema.context import Info
from schema.files import inputs
from schema.files.inputs import FolderFilters, WholeOrganisation
from schema.files.types import File, Folder
from schema.paging import After, Before, Connection, First, Last, listed, page
from schema.search.inputs import Sorts, folder_sort_of

Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]


@strawberry.type
class FileQuery:
    """The files' share of Query."""

    @strawberry.field(description="One folder; null if it is unknown or not for you.")
    async def folder(self, info: Info, id: Id) -> Folder | None:
        info.context.actor.must_have(TokenScope.READ)
        return await Folder.load(info, inputs.key(Kind.FOLDER, id))

    @strawberry.field(
        description="Folders that you have a role on: the topmost ones, or with `recursive` those at every depth."
    )
    async def folders(
        self,
        info: Info,
        *,
        recursive: Annotated[
            bool, strawberry.argument(description="Whether folders below others are listed, too.")
        ] = False,
        include_organisation_access: WholeOrganisation = False,
        filter: FolderFilters = strawberry.UNSET,
        sort: Sorts = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Folder] | None:
        async with info.context.read() as session:
            listing = await listings.folders(
                session,
                info.context.actor,
                inputs.tests_of(filter),
                folder_sort_of(sort),
                is_recursive=recursive,
                whole_organisation=include_organisation_access,
            )
        return await listed(info, listing, page(first, after, last, before), Folder.of)

    @strawberry.field(description="One file; null if it is unknown or not for you.")
    async def file(self, info: Info, id: Id) -> File | None:
        info.context.actor.must_have(TokenScope.READ)
        return await File.load(info, inputs.key(Kind.FILE, id))
