"""Which addresses lmskit fetches from, in whichever spelling they come."""

from ipaddress import ip_network

import pytest

from lmskit.errors import AddressNotAllowedError, SiteUnavailableError
from lmskit.web.address import WebAddress
from lmskit.web.guard import AddressGuard

PUBLIC = ["93.184.215.14", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1"]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - not bound
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.9",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("number", PUBLIC)
def test_a_public_address_is_fetched_from(number):
    host = f"[{number}]" if ":" in number else number
    assert AddressGuard().numbers(WebAddress.parsed(f"http://{host}/")) == [number]
    assert AddressGuard(resolve=lambda _host, _port: [number]).numbers(WebAddress.parsed("https://example.org/")) == [number]


@pytest.mark.parametrize("number", NOT_PUBLIC)
def test_no_other_address_is_fetched_from(number):
    with pytest.raises(AddressNotAllowedError):
        AddressGuard().numbers(WebAddress.parsed(f"http://[{number}]/" if ":" in number else f"http://{number}/"))
    with pytest.raises(AddressNotAllowedError, match=r"http://example.org/: the address of its host, .*, is "):
        AddressGuard(resolve=lambda _host, _port: [number]).numbers(WebAddress.parsed("http://example.org/"))


@pytest.mark.parametrize("answer", [["8.8.8.8", "10.0.0.1"], ["2a00:1450::1", "::1"], ["8.8.8.8", "not a number"]])
def test_one_address_that_is_not_public_refuses_the_whole_host(answer):
    with pytest.raises(AddressNotAllowedError):
        AddressGuard(resolve=lambda _host, _port: answer).numbers(WebAddress.parsed("http://example.org/"))


@pytest.mark.parametrize(
    "address",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.1/",
        "http://127.0.0.1.",
        "http://127.000.000.001/",
        "http://1.2.3.256/",
        "http://１２７.0.0.1/",  # noqa: RUF001 - the point
        "http://①②⑦.0.0.1/",
        "http://0/",
        "http://0x/",
        "http://[::ffff:7f00:1]/",
        "http://[::1%25lo]/",
        "http://[::1/",
        "http://[v1.x]/",
        "http://user@example.org/",
        "http://user:secret@example.org/",
        "http://example.org@127.0.0.1/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org\x00.invalid/",
        "http://exa\u200bmple.org/\u202e",
        "http://example.org:22/",
        "http://example.org:25/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:port/",
        "http:///path",
        "http://.../",
        "http://exa mple.org/",
        "http://-/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org/",
        "example.org",
        "",
        "http://example.org/" + "a" * 2000,
        "http://example.org/" + "ä" * 500,
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(address):
    with pytest.raises(AddressNotAllowedError) as error:
        AddressGuard(resolve=lambda _host, _port: ["8.8.8.8"]).numbers(WebAddress.parsed(address))
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("HTTPS://Example.ORG:443", "https://example.org/"),
        ("http://example.org.:80/a/./b/../c/", "http://example.org/a/c/"),
        ("http://example.org/../../a", "http://example.org/a"),
        ("http://example.org/a?#top", "http://example.org/a"),
        ("http://example.org/?utm_source=x&b=2&a=1&fbclid=9&gclid=#x", "http://example.org/?b=2&a=1"),
        ("http://example.org/a;jsessionid=0A1B?PHPSESSID=77", "http://example.org/a"),
        ("http://bücher.example/straße?q=ä b", "http://xn--bcher-kva.example/stra%C3%9Fe?q=%C3%A4%20b"),
        ("http://example.org/%7euser/%2f%e4?x=%41&y=50%", "http://example.org/~user/%2F%E4?x=A&y=50%25"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("http://[2A00:1450:0::1]:8080/", "http://[2a00:1450::1]:8080/"),
        ("http://example.org//a//b", "http://example.org/a//b"),
    ],
)
def test_an_address_has_one_spelling(typed, stored):
    assert str(WebAddress.parsed(typed)) == stored
    assert str(WebAddress.parsed(stored)) == stored


def test_a_network_of_the_institution_can_be_allowed_and_no_other_with_it():
    guard = AddressGuard([ip_network("10.1.0.0/16")], resolve=lambda host, _port: [host.removesuffix(".example").replace("-", ".")])
    assert guard.numbers(WebAddress.parsed("http://10-1-2-3.example/")) == ["10.1.2.3"]
    for host in ("10-2-0-1.example", "127-0-0-1.example", "10.2.0.1"):
        with pytest.raises(AddressNotAllowedError):
            guard.numbers(WebAddress.parsed(f"http://{host}/"))


def test_a_host_without_an_address_is_named():
    def unknown(_host, _port):
        raise OSError(-2, "Name or service not known")

    with pytest.raises(SiteUnavailableError, match=r"http://exmaple.org/: the host exmaple.org is not found \(Name or service not known\)"):
        AddressGuard(resolve=unknown).numbers(WebAddress.parsed("http://exmaple.org/"))
    with pytest.raises(SiteUnavailableError, match="has no address"):
        AddressGuard(resolve=lambda _host, _port: []).numbers(WebAddress.parsed("http://example.org/"))


def test_the_resolver_of_this_machine_is_asked():
    with pytest.raises(AddressNotAllowedError, match=r"http://localhost/: .* is an address of this machine\."):
        AddressGuard().numbers(WebAddress.parsed("http://localhost/"))
