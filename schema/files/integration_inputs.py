"""Inputs of the mutations of integrations."""

from pathlib import Path

import strawberry

from app.core.errors import Invalid
from app.core.storage import integrations
from app.core.storage.integrations import (
    AccessKey,
    AmazonS3,
    AzureBlob,
    GoogleCloudStorage,
    LocalFolder,
    Role,
    S3Compatible,
)
from schema.inputs import ExpectedRevision, IdempotencyKey, given

BUCKET = "The bucket or container; left out: every one that the credentials open."
PREFIX = "Only what lies below this folder of the bucket; left out: all of it."


@strawberry.input(description="A pair of keys of S3.")
class AccessKeyInput:
    """Long-lived keys."""

    access_key_id: str = strawberry.field(description="The public half.")
    secret_access_key: str = strawberry.field(description="The secret half; never shown again.")


@strawberry.input(description="An AWS role that this server's own account may take on.")
class AwsRoleInput:
    """A role."""

    role_arn: str = strawberry.field(
        description="For example `arn:aws:iam::123456789012:role/name`."
    )
    external_id: str = strawberry.field(description="What the role's trust policy asks for.")


@strawberry.input(one_of=True, description="How to be let in by Amazon.")
class AwsCredentialsInput:
    """Keys or a role."""

    key: strawberry.Maybe[AccessKeyInput] = strawberry.field(description="A pair of keys.")
    role: strawberry.Maybe[AwsRoleInput] = strawberry.field(
        description="A role; only if the operator gave this server an AWS account."
    )

    def access(self) -> AccessKey | Role:
        """The same for `app`."""
        if self.role:
            return Role(self.role.value.role_arn, self.role.value.external_id)
        if self.key:
            return AccessKey(self.key.value.access_key_id, self.key.value.secret_access_key)
        raise Invalid("Give a key or a role.", field=("store", "aws_s3", "credentials"))


@strawberry.input(description="Amazon S3.")
class AwsS3Input:
    """One account and region."""

    region: str = strawberry.field(description="Such as eu-central-1.")
    credentials: AwsCredentialsInput = strawberry.field(description="How to be let in.")
    bucket: str | None = strawberry.field(default=strawberry.UNSET, description=BUCKET)
    prefix: str = strawberry.field(default="", description=PREFIX)

    def store(self) -> AmazonS3:
        """The same for `app`."""
        return AmazonS3(self.region, self.credentials.access(), given(self.bucket), self.prefix)


@strawberry.input(description="A service that speaks S3, such as MinIO.")
class S3CompatibleInput:
    """One endpoint."""

    endpoint: str = strawberry.field(
        description="https://host[:port] without a bucket. Hosts in private networks need the operator's leave."
    )
    region: str = strawberry.field(
        default="us-east-1", description="What the service calls itself."
    )
    key: AccessKeyInput = strawberry.field(description="A pair of keys.")
    is_path_style: bool = strawberry.field(
        default=True, description="Whether the bucket is in the path of a URL and not in its host."
    )
    bucket: str | None = strawberry.field(default=strawberry.UNSET, description=BUCKET)
    prefix: str = strawberry.field(default="", description=PREFIX)

    def store(self) -> S3Compatible:
        """The same for `app`."""
        key = AccessKey(self.key.access_key_id, self.key.secret_access_key)
        return S3Compatible(
            self.endpoint, self.region, key, self.is_path_style, given(self.bucket), self.prefix
        )


@strawberry.input(description="Google Cloud Storage.")
class GcsInput:
    """One service account."""

    service_account: str = strawberry.field(
        description="The text of the JSON key file of a service account; never shown again."
    )
    bucket: str | None = strawberry.field(default=strawberry.UNSET, description=BUCKET)
    prefix: str = strawberry.field(default="", description=PREFIX)

    def store(self) -> GoogleCloudStorage:
        """The same for `app`."""
        return GoogleCloudStorage(self.service_account, given(self.bucket), self.prefix)


@strawberry.input(description="Azure Blob Storage. Give exactly one of the two secrets.")
class AzureInput:
    """One storage account."""

    account: str = strawberry.field(description="The name of the storage account.")
    account_key: str | None = strawberry.field(
        default=strawberry.UNSET, description="Its key; only that can sign links."
    )
    shared_access_signature: str | None = strawberry.field(
        default=strawberry.UNSET, description="Or a shared access signature."
    )
    bucket: str | None = strawberry.field(default=strawberry.UNSET, description=BUCKET)
    prefix: str = strawberry.field(default="", description=PREFIX)

    def store(self) -> AzureBlob:
        """The same for `app`."""
        return AzureBlob(
            self.account,
            given(self.account_key),
            given(self.shared_access_signature),
            given(self.bucket),
            self.prefix,
        )


@strawberry.input(description="A folder of the server's machine. Its operator must have opened it.")
class LocalFolderInput:
    """One folder."""

    root: str = strawberry.field(description="Its absolute path.")
    prefix: str = strawberry.field(
        default="", description="Only what lies below this folder of it."
    )

    def store(self) -> LocalFolder:
        """The same for `app`."""
        if "\0" in self.root:
            raise Invalid("A path cannot hold U+0000.", field=("store", "local", "root"))
        return LocalFolder(Path(self.root), prefix=self.prefix)


@strawberry.input(one_of=True, description="Whose store it is, and how to be let in.")
class ObjectStoreInput:
    """One store."""

    aws_s3: strawberry.Maybe[AwsS3Input] = strawberry.field(description="Amazon S3.")
    s3_compatible: strawberry.Maybe[S3CompatibleInput] = strawberry.field(
        description="A service that speaks S3."
    )
    gcs: strawberry.Maybe[GcsInput] = strawberry.field(description="Google Cloud Storage.")
    azure: strawberry.Maybe[AzureInput] = strawberry.field(description="Azure Blob Storage.")
    local: strawberry.Maybe[LocalFolderInput] = strawberry.field(description="A folder.")

    def store(self) -> integrations.Integration:
        """The same for `app`."""
        stores = (self.aws_s3, self.s3_compatible, self.gcs, self.azure, self.local)
        chosen = next(one for one in stores if one is not None)
        return chosen.value.store()


@strawberry.input(description="An integration to make.")
class CreateIntegrationInput:
    """Input of createIntegration."""

    title: str = strawberry.field(description="1 to 255 characters; need not be unique.")
    store: ObjectStoreInput = strawberry.field(description="What it reaches.")
    is_strict_client_only: bool = strawberry.field(
        default=False,
        description="Whether the server signs URLs but never reads media; then their metadata must come with"
        " the registration.",
    )
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="Changes of an integration. What is left out stays as it is.")
class UpdateIntegrationInput:
    """Input of updateIntegration."""

    integration_id: strawberry.ID = strawberry.field(description="The integration.")
    title: strawberry.Maybe[str] = strawberry.field(description="1 to 255 characters.")
    store: strawberry.Maybe[ObjectStoreInput] = strawberry.field(
        description="Takes the place of the whole configuration, credentials included; the provider stays."
    )
    is_strict_client_only: strawberry.Maybe[bool] = strawberry.field(
        description="Whether the server never reads media."
    )
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET


@strawberry.input(description="An integration to delete.")
class DeleteIntegrationInput:
    """Input of deleteIntegration."""

    integration_id: strawberry.ID = strawberry.field(description="The integration.")
    expected_revision: ExpectedRevision = strawberry.UNSET
    idempotency_key: IdempotencyKey = strawberry.UNSET
