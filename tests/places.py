"""An organisation with somebody of every kind in it, where any mutation can be tried."""

from dataclasses import dataclass, field, replace
from typing import Any

from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
from app.embeddings import plotting
from app.files.models import Folder
from tests.client import Api
from tests.world import Person, World

CALLERS = ("admin", "manager", "member", "tasker", "holder", "user", "nobody", "foreign")
"""Administrator, workforce manager, member and tasker of the organisation, without a role on the thing in
question; a member with the role ADMIN on it; a tasker with the role USER; nobody signed in; and the
administrator of another organisation."""


@dataclass(frozen=True, slots=True)
class Place:
    """Makes things as `owner`, one more administrator, and shares them with `holder` and `user`."""

    api: Api
    """As the owner."""
    world: World
    people: dict[str, Person | None] = field(default_factory=dict)

    @classmethod
    async def furnished(cls, api: Api, world: World) -> "Place":
        """A fresh organisation with all callers."""
        owner = await world.organisation("Place")
        people: dict[str, Person | None] = {"nobody": None, "foreign": await world.organisation()}
        for name, role in (
            ("admin", OrganisationRole.ADMIN),
            ("manager", OrganisationRole.WORKFORCE_MANAGER),
            ("member", OrganisationRole.MEMBER),
            ("tasker", OrganisationRole.TASKER),
            ("holder", OrganisationRole.MEMBER),
            ("user", OrganisationRole.TASKER),
        ):
            people[name] = await world.member(owner, role)
        return cls(api.as_(owner), world, people)

    @property
    def owner(self) -> Person:
        """Who makes the things."""
        assert self.api.person is not None
        return self.api.person

    def of(self, name: str) -> "Place":
        """The same place, where somebody else makes the things."""
        return replace(self, api=self.api.as_(self.people[name]))

    def person(self, name: str) -> Person:
        """Somebody who has signed in."""
        found = self.people[name]
        assert found is not None
        return found

    async def make(self, field_: str, answer: str, **given: Any) -> str:
        """The id of what a mutation makes, asked by the owner."""
        kind = field_[0].upper() + field_[1:] + "Input"
        document = (
            f"mutation ($input: {kind}!) {{ {field_}(input: $input)"
            f" {{ {answer} {{ id }} userErrors {{ code message }} }} }}"
        )
        made = await self.api.change(document, input=given)
        found: str = made[answer]["id"]
        return found

    async def folder(self) -> str:
        """A folder that the holder administers and the user may use."""
        return ids.encode(Kind.FOLDER, (await self._folder("Folder")).id)

    async def _folder(self, name: str) -> Folder:
        folder = await self.world.folder(self.owner, name)
        await self.world.share(folder, self.person("holder"), EntityRole.ADMIN)
        await self.world.share(folder, self.person("user"), EntityRole.USER)
        return folder

    async def file(self, name: str = "file.png") -> tuple[str, str]:
        """A folder like that, and an image in it."""
        folder = await self._folder(name)
        file = await self.world.file(self.owner, folder, name)
        return ids.encode(Kind.FOLDER, folder.id), ids.encode(Kind.FILE, file.id)

    async def integration(self, title: str = "A place") -> str:
        """An integration that the holder administers and the user may look at."""
        store = {"local": {"root": "/tmp"}}
        made = await self.make("createIntegration", "integration", title=title, store=store)
        for name, role in (("holder", "ADMIN"), ("user", "USER")):
            given = {
                "integrationId": made,
                "to": {"emails": [self.person(name).email]},
                "role": role,
            }
            await self.api.change(SHARE, input=given)
        return made

    async def job(self) -> str:
        """A registration job into such a folder."""
        source = {"json": {"images": []}}
        return await self.make("registerFiles", "job", folderId=await self.folder(), source=source)

    async def collection(self, name: str = "Collection") -> tuple[str, str]:
        """A collection of such a folder, and a file that lies there and is not in it yet."""
        folder_id, file_id = await self.file(name)
        given = {"name": name, "folderId": folder_id}
        return await self.make("createCollection", "collection", **given), file_id

    async def preset(self, name: str = "Preset") -> str:
        """A shared preset of the holder's."""
        given = {"name": name, "filter": {"name": {"eq": name}}, "isShared": True}
        return await self.of("holder").make("createFilterPreset", "preset", **given)

    async def vector(self) -> tuple[str, str]:
        """A folder like that with a file that has a vector, and the vector's key."""
        folder_id, file_id = await self.file()
        key = fresh("key")
        await self.make("addMetadataEmbedding", "key", key=key, dimensions=3)
        items = [{"fileId": file_id, "metadata": {key: [1, 2, 3]}}]
        await self.api.change(SET_METADATA, input={"items": items})
        return folder_id, key

    async def plot(self) -> str:
        """A plot of such a folder."""
        folder_id, key = await self.vector()
        made = await self.make("computeEmbeddingPlot", "job", key=key, folderId=folder_id)
        job_id = ids.decode(Kind.BACKGROUND_JOB, made)
        await plotting.draw_embedding_plot(
            self.world.runtime,
            organisation_id=self.owner.organisation_id.hex,
            job_id=job_id.hex,
            user_id=self.owner.user_id.hex,
        )
        look = "query ($id: ID!) { node(id: $id) { ... on BackgroundJob { plot { id } } } }"
        found: str = (await self.api(look, id=made))["node"]["plot"]["id"]
        return found

    async def document(self) -> str:
        """An upload of purpose DOCUMENT into such a folder."""
        items = [{"fileName": "document"}]
        given = {"folderId": await self.folder(), "items": items, "purpose": "DOCUMENT"}
        made = await self.api.change(
            "mutation ($input: CreateUploadsInput!) { createUploads(input: $input)"
            " { uploads { id } userErrors { code } } }",
            input=given,
        )
        found: str = made["uploads"][0]["id"]
        return found

    async def background_job(self) -> str:
        """A background job of the owner."""
        key = fresh("key")
        await self.make("addMetadataEmbedding", "key", key=key, dimensions=3)
        upload_id = await self.document()
        return await self.make("setEmbeddingsFromUpload", "job", key=key, uploadId=upload_id)

    async def fresh_member(self) -> Person:
        """One more member of the organisation."""
        return await self.world.member(self.owner)


SET_METADATA = """
mutation ($input: SetFileMetadataInput!) {
  setFileMetadata(input: $input) { userErrors { code message } }
}
"""
SHARE = """
mutation ($input: ShareIntegrationInput!) {
  shareIntegration(input: $input) { userErrors { code message } }
}
"""


def fresh(prefix: str) -> str:
    """A name that nothing has yet."""
    return f"{prefix}-{new_id().hex[-12:]}"
