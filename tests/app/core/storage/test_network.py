"""Which endpoints a user may name, and which addresses they may lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.storage import network
from app.core.storage.errors import EndpointRefused, StorageUnavailable

PUBLIC = "93.184.216.34"
NOBODY = frozenset[str]()


def answering(*addresses: str) -> network.Resolve:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://minio.example.com", "https://minio.example.com"),
        ("https://MinIO.Example.com:9000/", "https://minio.example.com:9000"),
        ("https://minio.example.com.", "https://minio.example.com"),
        ("https://minio.example.com:443", "https://minio.example.com"),
        ("https://a_b.example/storage/v1/s3/", "https://a_b.example/storage/v1/s3"),
        ("https://93.184.216.34", "https://93.184.216.34"),
        ("https://[2606:4700::1111]:9000", "https://[2606:4700::1111]:9000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://minio", "https://minio"),
        ("http://minio:9000", "http://minio:9000"),
    ],
)
def test_an_endpoint_is_read_into_one_spelling(text, url):
    assert network.parse_endpoint(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "minio.example.com",
        "//minio.example.com",
        "ftp://minio.example.com",
        "file:///etc",
        "gopher://minio.example.com",
        "https://",
        "https://:9000",
        "https://minio.example.com:0",
        "https://minio.example.com:99999",
        "https://minio.example.com:port",
        "https://user@minio.example.com",
        "https://user:pw@minio.example.com",
        "https://minio.example.com@127.0.0.1",
        "https://minio.example.com#@127.0.0.1",
        "https://minio.example.com?x=1",
        "https://minio.example.com/#x",
        "https://minio.example.com\\@127.0.0.1",
        "https://minio.example.com /",
        "https://minio.example.com\t",
        "https://minio.example.com\n.evil",
        "https://min%69o.example.com",
        "https://127%2e0.0.1",
        "https://2130706433",
        "https://017700000001",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://0x7f.0.0.1",
        "https://127.1",
        "https://127.0.1",
        "https://0177.0.0.1",
        "https://127.0.0.01",
        "https://127.0.0.0x1",
        "https://0",
        "https://0.",
        "https://0x",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://example.123",
        "https://①②⑦.⓪.⓪.①",
        "https://127。0。0。1",
        "https://\uff11\uff12\uff17.0.0.1",
        "https://ⓔxample.com",
        "https://bücher.example",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[fe80::1%25eth0]",
        "https://[::1",
        "https://::1",
        "https://-a.example",
        "https://a..example",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 127 + "example",
    ],
)
def test_odd_spellings_of_an_endpoint_are_refused(text):
    with pytest.raises(EndpointRefused):
        network.parse_endpoint(text)


INSIDE = [
    "0.0.0.0",
    "10.0.0.5",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "2001:0:7f00:1::",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_public(address):
    assert not network.is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_internet_are_public(address):
    assert network.is_public(address)


@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_is_refused_when_any_of_its_addresses_is_inside(address):
    resolver = answering(PUBLIC, address)

    with pytest.raises(EndpointRefused, match="not public"):
        await network.addresses("storage.example", 443, NOBODY, resolver)


async def test_a_public_name_gives_all_its_addresses():
    resolver = answering(PUBLIC, "2606:4700::1111")

    found = await network.addresses("Storage.example.", 443, NOBODY, resolver)

    assert found == [PUBLIC, "2606:4700::1111"]


async def test_the_operator_can_allow_a_host_inside_by_name():
    resolver, allowed = answering("10.0.0.5"), frozenset({"minio"})

    assert await network.addresses("MinIO", 9000, allowed, resolver) == ["10.0.0.5"]
    with pytest.raises(EndpointRefused):
        await network.addresses("minio.evil.example", 9000, allowed, resolver)


async def test_a_name_without_address_is_said_to_have_none():
    async def resolver(host: str, port: int) -> list[str]:
        raise OSError(host)

    with pytest.raises(StorageUnavailable, match="no address"):
        await network.addresses("nowhere.example", 443, NOBODY, resolver)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "a b", "", "①②⑦.0.0.1", "a%2e"])
async def test_a_host_is_never_resolved_in_an_odd_spelling(host):
    with pytest.raises(EndpointRefused):
        await network.addresses(host, 443, NOBODY, answering(PUBLIC))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_the_real_resolver_finds_loopback_and_it_is_refused(host):
    with pytest.raises(EndpointRefused):
        await network.addresses(host, 443, NOBODY)


async def test_plain_http_is_for_allowed_hosts_only():
    endpoint = network.parse_endpoint("http://minio:9000")

    await network.check_endpoint(endpoint, frozenset({"minio"}), answering("10.0.0.5"))
    with pytest.raises(EndpointRefused, match="https"):
        await network.check_endpoint(endpoint, NOBODY, answering(PUBLIC))


@given(st.ip_addresses(v=4))
def test_wrapping_an_ipv4_address_in_ipv6_changes_nothing(address):
    public = network.is_public(str(address))

    for prefix in ("::ffff:", "64:ff9b::"):
        assert network.is_public(f"{prefix}{address}") == public
