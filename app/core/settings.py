"""What the operator can say, read once from the environment by the composition roots."""

from pathlib import Path

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

    aws_access_key_id: str | None = None
    """The server's own AWS keys, with which it takes on the roles that integrations name."""
    aws_secret_access_key: SecretStr | None = None

    pool_size: int = Field(default=10, ge=1)
    pool_wait_seconds: float = 2.0
    drain_seconds: float = Field(default=0.0, ge=0)
    """How long a server that was told to stop still accepts requests, while `/readyz` is 503 already."""
    worker_concurrency: int = Field(default=4, ge=1)
    heartbeat_seconds: float = 5.0
    stalled_after_seconds: float = 20.0
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
