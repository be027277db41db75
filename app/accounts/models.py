"""People, the organisations they work for, and what proves who they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.accounts.roles import MemberType, OrganisationRole
from app.core.clock import new_id, now
from app.core.columns import Timestamp, tenant, text_enum


class User(SQLModel, table=True):
    """A person, or a program that acts for one. Known by e-mail in every organisation."""

    __tablename__ = "app_user"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    """Lower case."""
    name: str = ""
    password_hash: str | None = None
    """argon2id; None: cannot sign in by password."""
    current_organisation_id: UUID | None = Field(
        default=None, foreign_key="organisation.id", ondelete="SET NULL", index=True
    )
    auth_epoch: int = 0
    """Raised when credentials are revoked; running subscriptions of older epochs end."""
    is_disabled: bool = False
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class Organisation(SQLModel, table=True):
    """The tenant: everything else belongs to exactly one."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class Member(SQLModel, table=True):
    """A user's place in an organisation."""

    __table_args__ = (UniqueConstraint("organisation_id", "user_id"), Index(None, "user_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = tenant()
    user_id: UUID = Field(foreign_key="app_user.id", ondelete="CASCADE")
    role: OrganisationRole = Field(sa_type=text_enum(OrganisationRole))
    member_type: MemberType = Field(sa_type=text_enum(MemberType))
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class Group(SQLModel, table=True):
    """Users who are given access together."""

    __tablename__ = "user_group"

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    description: str = ""
    revision: int = 1
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class GroupMember(SQLModel, table=True):
    """A user in a group."""

    __tablename__ = "group_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "group_id"],
            ["user_group.organisation_id", "user_group.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["member.organisation_id", "member.user_id"],
            ondelete="CASCADE",
        ),
        Index(None, "organisation_id", "user_id"),
    )

    organisation_id: UUID = Field(primary_key=True)
    group_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True)


class ApiToken(SQLModel, table=True):
    """A bearer token: random, shown once, kept as a digest, bound to one organisation."""

    __tablename__ = "api_token"
    __table_args__ = (Index(None, "organisation_id", "user_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = tenant()
    user_id: UUID = Field(foreign_key="app_user.id", ondelete="CASCADE")
    name: str
    digest: bytes = Field(sa_type=LargeBinary)
    scopes: list[str] = Field(sa_type=ARRAY(String))
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)
    """Written at most once a minute."""
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class PublicKey(SQLModel, table=True):
    """An Ed25519 key with which a user signs requests (domain 1.7)."""

    __tablename__ = "public_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", ondelete="CASCADE", index=True)
    key_id: str = Field(unique=True)
    """The raw 32 bytes in lower-case hex."""
    title: str
    revoked_at: datetime | None = Field(default=None, sa_type=Timestamp)
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class BrowserSession(SQLModel, table=True):
    """A signed-in browser; its cookie holds the secret, this row the digest."""

    __tablename__ = "browser_session"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    user_id: UUID = Field(foreign_key="app_user.id", ondelete="CASCADE", index=True)
    organisation_id: UUID = tenant(index=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    expires_at: datetime = Field(sa_type=Timestamp)
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


class SeenSignature(SQLModel, table=True):
    """A signed request that was accepted, remembered for its window so that it cannot be replayed."""

    __tablename__ = "seen_signature"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    expires_at: datetime = Field(sa_type=Timestamp, index=True)


class Tag(SQLModel, table=True):
    """A word of the organisation's own, for folders and projects."""

    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    organisation_id: UUID = tenant(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str
    description: str = ""
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
