"""What the operator can say, read once from the environment by the composition roots."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OidcIssuer(BaseModel):
    """One issuer of bearer tokens that this server believes."""

    issuer: str
    audience: str


class Settings(BaseSettings):
    """Every setting, its environment variable and its default.

    Without DATABASE_URL, REDIS_URL and STORAGE_URL the server starts its own PostgreSQL and Valkey and
    keeps everything in `home`.
    """

    model_config = SettingsConfigDict(
        env_prefix="LABELGRAPH_", populate_by_name=True, extra="ignore"
    )

    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """PostgreSQL 16 or newer with pgvector, as `postgresql://…`. The server drops to the role `labelgraph_app`."""
    owner_database_url: str | None = Field(default=None, validation_alias="OWNER_DATABASE_URL")
    """For migrations: a role that may create roles and extensions. Default: DATABASE_URL."""
    relay_database_url: str | None = Field(default=None, validation_alias="RELAY_DATABASE_URL")
    """For the relay and sign-in look-ups, as `labelgraph_relay`. Default: DATABASE_URL."""
    redis_url: str | None = Field(default=None, validation_alias="REDIS_URL")
    storage_url: str | None = Field(default=None, validation_alias="STORAGE_URL")
    """Where uploads lie: `file:///…` or `s3://bucket/prefix?endpoint=…`. Default: below `home`."""

    home: Path = Path(".labelgraph")
    """Data of the embedded services, uploads of the local store, `demo.json` and `secret`."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = None
    """The address that clients use, for links that we sign. Default: `http://host:port`."""
    secret: SecretStr | None = None
    """Signs upload links and peppers token digests. Default: made once and kept in `home`."""
    cookie_secure: bool | None = None
    """Whether the session cookie demands https. Default: whether `public_url` is https."""
    allowed_origins: list[str] = []
    """Origins besides our own that may open WebSockets and use the session cookie."""
    oidc_issuers: list[OidcIssuer] = []
    """JSON list of `{"issuer": …, "audience": …}`."""
    local_roots: list[Path] = []
    """Folders that integrations of the kind LOCAL may point into; none means: not allowed."""
    allowed_endpoints: list[str] = []
    """Hosts of object stores that may lie in a private network or speak plain http."""
    allowed_encoders: list[str] = []
    """Hosts of encoders of embeddings that may lie in a private network or speak plain http."""
    encoder_seconds: float = Field(default=4.0, gt=0)
    """How long an encoder may take for one text or picture; it is asked twice if it does not answer."""
    encoder_memory_bytes: int = Field(default=2**31, ge=2**29)
    """Address space of the process that runs local models, one beside each server and worker that uses them."""
    ide: bool = True
    """Whether browsers are shown GraphiQL."""

    aws_access_key_id: str | None = None
    """The server's own AWS keys, with which it takes on the roles that integrations name."""
    aws_secret_access_key: SecretStr | None = None

    http_profile: Literal["compat", "draft"] = "compat"
    """Status codes of GraphQL over HTTP: as clients in the field expect them, or as the draft of 2026 has them."""

    documents_file: Path | None = None
    """A JSON object from ids to documents, which clients may then name instead of sending them."""
    documents_only: bool = False
    """Whether nothing but what is in `documents_file` runs."""

    pool_size: int = Field(default=10, ge=1)
    pool_wait_seconds: float = 2.0
    drain_seconds: float = Field(default=0.0, ge=0)
    """How long a server that was told to stop still accepts requests, while `/readyz` is 503 already."""
    worker_concurrency: int = Field(default=4, ge=1)
    heartbeat_seconds: float = 5.0
    stalled_after_seconds: float = 20.0
    watchdog_seconds: float = Field(default=10.0, ge=0)
    """A server whose event loop stands still for so long is killed, to be started again; 0: never."""

    max_document_characters: int = Field(default=100_000, ge=1)
    max_tokens: int = Field(default=5_000, ge=1)
    max_operations: int = Field(default=20, ge=1)
    """In one document."""
    max_fragments: int = Field(default=100, ge=0)
    max_depth: int = Field(default=12, ge=1)
    max_introspection_depth: int = Field(default=20, ge=0)
    """Levels of fields in `__schema` and `__type`; what tools ask for has 15. 0 forbids them."""
    max_root_fields: int = Field(default=20, ge=1)
    max_aliases: int = Field(default=30, ge=0)
    """Those in fragments are counted at each use; so are root fields and directives."""
    max_directives: int = Field(default=50, ge=0)
    max_literals: int = Field(default=200, ge=0)
    """Values that are written into the document instead of being sent as variables."""
    max_cost: int = Field(default=50_000, ge=1, le=2**31 - 1)
    """Points of one operation: about one for each object that it may bring."""
    points_per_minute: int = Field(default=1_000_000, ge=1, le=2**31 - 1)
    """Of one user, or of an address that has not signed in, over all operations; also how many at once."""
    max_seconds: float = Field(default=10.0, gt=0)
    """How long a query or a mutation may run."""
    max_answer_bytes: int = Field(default=16 * 2**20, ge=1)
    max_body_bytes: int = Field(default=2**20, ge=1)
    max_large_body_bytes: int = Field(default=12 * 2**20, ge=1)
    """For callers with credentials: bulk operations carry metadata."""
    queue_length: int = Field(default=100, ge=0)
    """Operations that wait for room; `pool_size` x 2 run at once, and wait `pool_wait_seconds` at most."""

    max_sockets_per_caller: int = Field(default=1_000, ge=1)
    """Of one user on one process, or of an address that has not signed in."""
    max_operations_per_socket: int = Field(default=50, ge=1)
    max_messages_per_second: float = Field(default=20.0, gt=0)
    """From one socket; five times as many at once."""
    max_message_bytes: int = Field(default=256 * 2**10, ge=1)
    """From one socket at once; bulk operations are better sent over HTTP."""
    socket_init_seconds: float = Field(default=5.0, gt=0)
    """How long a socket may be open before it says who it is."""
    socket_patience_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take nothing of what it is sent before it is hung up on."""

    index_threshold: int = Field(default=20_000, ge=2)
    """Files from which on an organisation's metadata keys get indexes; below half of it they go again."""
    index_memory: str = Field(default="256MB", pattern=r"^\d+(kB|MB|GB)$")
    """How much memory PostgreSQL may use for building one."""

    vector_index_threshold: int = Field(default=20_000, ge=2)
    """Vectors of a key from which on they get an index; below half of it that goes again."""
    vector_index_memory: str = Field(default="1GB", pattern=r"^\d+(kB|MB|GB)$")
    """How much memory PostgreSQL may use for building one; a graph that does not fit is built slowly."""

    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Where traces go, by OTLP over HTTP. Default: there are none."""
    trace_documents: bool = False
    """Whether traces hold GraphQL documents; values that clients have written into them are private."""
    slow_seconds: float = Field(default=1.0, gt=0)
    """What takes as long stands in the log."""
    log_json: bool = False
    log_level: str = "INFO"

    @property
    def url(self) -> str:
        """The address that clients use, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_cookie_secure(self) -> bool:
        """Whether the session cookie is for https alone."""
        told = self.cookie_secure
        return self.url.startswith("https:") if told is None else told

    @property
    def is_embedded(self) -> bool:
        """Whether the server brings its own PostgreSQL or Valkey."""
        return self.database_url is None or self.redis_url is None
