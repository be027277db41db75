"""An organisation with somebody of every kind in it, where any mutation can be tried."""

from dataclasses import dataclass, field, replace
from typing import Any

from app.accounts.roles import EntityRole, OrganisationRole
from app.core import ids
from app.core.clock import new_id
from app.core.ids import Kind
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

    async def fresh_member(self) -> Person:
        """One more member of the organisation."""
        return await self.world.member(self.owner)


SHARE = """
mutation ($input: ShareIntegrationInput!) {
  shareIntegration(input: $input) { userErrors { code message } }
}
"""


def fresh(prefix: str) -> str:
    """A name that nothing has yet."""
    return f"{prefix}-{new_id().hex[-12:]}"
