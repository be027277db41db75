"""Roles, kinds of members and scopes, in words."""

from app.accounts.roles import MemberType, OrganisationRole
from app.accounts.tokens import TokenScope
from schema import enums

enums.public(
    OrganisationRole,
    "What a member may do in an organisation. The list may grow: have a default branch.",
    {
        OrganisationRole.ADMIN: "Everything: members, groups, tags, settings, and all that others made.",
        OrganisationRole.WORKFORCE_MANAGER: "What a MEMBER may, and groups.",
        OrganisationRole.MEMBER: "Make folders and integrations, and edit the metadata schema.",
        OrganisationRole.TASKER: "Only what roles on single things allow.",
    },
)
enums.public(
    MemberType,
    "How a member belongs to an organisation.",
    {
        MemberType.INTERNAL: "Employed by it.",
        MemberType.EXTERNAL: "Works with it; cannot be ADMIN.",
    },
)
enums.public(
    TokenScope,
    "What a token may be used for: a part of what its owner's roles allow, never more.",
    {
        TokenScope.READ: "Queries and subscriptions.",
        TokenScope.UPLOAD: "Uploads and registration jobs, and nothing else.",
        TokenScope.WRITE: "READ, UPLOAD, and changes of files, labels, projects and other content.",
        TokenScope.ADMIN: "WRITE, and members, groups, roles, integrations, keys and tokens.",
    },
)
