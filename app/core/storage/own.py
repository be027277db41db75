"""Our own store for uploads, as the operator's STORAGE_URL names it."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.store import AzureStore, GCSStore, S3Store

from app.core.storage.client import RETRIES, client_options
from app.core.storage.folder import Folder
from app.core.storage.signing import Links
from app.core.storage.store import Store

if TYPE_CHECKING:  # the library has these names for type checkers only
    from obstore.store import S3Config

_OPTIONS = {"endpoint", "path_style", "region"}


def open_own(url: str, links: Links) -> Store:
    """Open `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.

    s3 takes `?endpoint=…&region=…&path_style=false`. Credentials are the environment variables of
    the provider (`AWS_ACCESS_KEY_ID` …). Raises ValueError for a URL that says something else.
    """
    parts = urlsplit(url)
    path, bucket = unquote(parts.path), parts.netloc
    prefix = path.strip("/") or None
    client, retries = client_options(), RETRIES
    match parts.scheme:
        case "file":
            Path(path).mkdir(parents=True, exist_ok=True)
            return Folder(Path(path), links)
        case "s3":
            return Store(_s3(bucket, prefix, dict(parse_qsl(parts.query))))
        case "gs":
            return Store(
                GCSStore(bucket, prefix=prefix, client_options=client, retry_config=retries)
            )
        case "az":
            return Store(
                AzureStore(bucket, prefix=prefix, client_options=client, retry_config=retries)
            )
    raise ValueError(f"STORAGE_URL must begin with file, s3, gs or az, not {parts.scheme!r}.")


def _s3(bucket: str, prefix: str | None, options: dict[str, str]) -> S3Store:
    if unknown := options.keys() - _OPTIONS:
        raise ValueError(f"STORAGE_URL has unknown options: {', '.join(sorted(unknown))}.")
    config: S3Config = {"virtual_hosted_style_request": options.get("path_style") == "false"}
    if "region" in options:
        config["region"] = options["region"]
    if "endpoint" in options:
        config["endpoint"] = config["aws_endpoint_url_s3"] = options["endpoint"]
    client = client_options(plain_http=options.get("endpoint", "").startswith("http://"))
    return S3Store(
        bucket, prefix=prefix, config=config, client_options=client, retry_config=RETRIES
    )
