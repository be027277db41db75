"""How the storage library's HTTP client behaves, the same for every store."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the library has these names for type checkers only
    from obstore.store import ClientConfig, RetryConfig

RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}


def client_options(*, plain_http: bool = False, proxy_url: str | None = None) -> "ClientConfig":
    """Given whole and always, or else the library takes options from the environment."""
    options: ClientConfig = {
        "allow_http": plain_http,
        "connect_timeout": timedelta(seconds=3),
        "read_timeout": timedelta(seconds=15),
        "timeout": timedelta(hours=1),
    }
    if proxy_url is not None:
        options["proxy_url"] = proxy_url
    return options
