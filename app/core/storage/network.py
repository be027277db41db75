"""Which endpoints a user may name, and which addresses the server connects to for them."""

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import anyio

from app.core.storage.errors import EndpointRefused, StorageUnavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

DEFAULT_PORTS = {"https": 443, "http": 80}

# ASCII only: IDN digits and full-width dots are spellings of addresses that resolvers fold.
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*")
_LOOKS_NUMERIC = re.compile(r"(\d+|0x[0-9a-f]*)")

# Not public, although `ipaddress` calls them global: services that clouds serve to their guests.
_CLOUD_INTERNAL = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure: wire server
    ipaddress.ip_network("192.0.0.0/24"),  # Oracle: metadata
)
_EMBEDS_IPV4_AT_THE_END = (
    ipaddress.ip_network("64:ff9b::/96"),  # NAT64
    ipaddress.ip_network("::/96"),  # IPv4-compatible, deprecated
)
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of an S3-compatible service: lower-case host, no trailing dot or slash."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def of_bucket(self, bucket: str) -> "Endpoint":
        """The same service where a bucket is part of the host's name."""
        return replace(self, host=f"{bucket}.{self.host}")


def parse_endpoint(text: str) -> Endpoint:
    """Read an endpoint such as `https://minio.example.com:9000`, or raise EndpointRefused."""
    if not text.isascii() or re.search(r"[\s\\\x00-\x1f\x7f%?#@]", text):
        raise EndpointRefused("An endpoint is https://host[:port], with nothing else in it.")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise EndpointRefused("The endpoint is not a URL: check its host and port.") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise EndpointRefused("The endpoint must begin with https://.")
    if port == 0 or not is_host(host):
        raise EndpointRefused(f"The endpoint's host {host!r} is not a name or a plain address.")
    return Endpoint(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"))


def amazon_domain(region: str) -> str:
    """What the hosts of AWS's services in a region end in."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


async def check_endpoint(
    endpoint: Endpoint, allowed_hosts: frozenset[str], resolve: Resolve
) -> None:
    """Raise EndpointRefused unless it is https and public, or the operator allowed its host."""
    if endpoint.scheme != "https" and endpoint.host not in allowed_hosts:
        raise EndpointRefused("The endpoint must begin with https://.")
    await addresses(endpoint.host, endpoint.port, allowed_hosts, resolve)


def is_host(host: str) -> bool:
    """Whether the host is a domain name or an address in its one canonical spelling."""
    try:
        return str(ipaddress.ip_address(host)) == host
    except ValueError:
        last_label = host.rpartition(".")[2]
        # 0x7f.1, 017700000001, 127.1: resolvers read them as addresses, nobody writes them in need
        return bool(_NAME.fullmatch(host)) and not _LOOKS_NUMERIC.fullmatch(last_label)


def is_public(address: str) -> bool:
    """Whether the address is on the open internet, whatever IPv4 address is wrapped in it."""
    return _is_public(ipaddress.ip_address(address.partition("%")[0]))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local or address in _LOCAL_NAT64:
            return False
        if (inner := _wrapped_ipv4(address)) is not None:
            return _is_public(inner)
    internal = any(address in network for network in _CLOUD_INTERNAL)
    return address.is_global and not address.is_multicast and not internal


def _wrapped_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if any(address in network for network in _EMBEDS_IPV4_AT_THE_END):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


async def system_resolver(host: str, port: int) -> list[str]:
    """Every address of the host, in the system resolver's order; raises OSError for none."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def addresses(
    host: str, port: int, allowed_hosts: frozenset[str], resolve: Resolve = system_resolver
) -> list[str]:
    """The addresses to connect to for a host; refused unless all are public or it is allowed.

    `allowed_hosts` is the operator's list of names, lower case, that may lead anywhere.
    """
    name = host.lower().removesuffix(".")
    if not is_host(name):
        raise EndpointRefused(f"{host!r} is not the name of a host or a plain address.")
    try:
        found = await resolve(name, port)
    except OSError as error:
        raise StorageUnavailable(f"The host {name!r} has no address; check its name.") from error
    if name not in allowed_hosts and not all(map(is_public, found)):
        raise EndpointRefused(
            f"The host {name!r} leads to an address that is not public. "
            "The operator of this server can allow it by name."
        )
    return found
