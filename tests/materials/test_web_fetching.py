"""Fetching from servers that are slow, huge, moved, closed, or not what they seem."""

import datetime as dt
import gzip
import ipaddress
import ssl
import threading
import zlib

import pytest

import lmskit
from lmskit.errors import (
    AddressNotAllowedError,
    LoginRequiredError,
    PageGoneError,
    SiteUnavailableError,
    WebPageError,
)
from lmskit.materials.web.answer import require_no_login
from lmskit.web.connection import FetchLimits
from lmskit.web.guard import AddressGuard
from tests.materials.web_site import LOOPBACK, Answer, Site, drip, fetcher, page, redirect

MIB = 1024**2


def test_a_page_is_fetched_with_what_recognises_it_and_not_sent_again():
    answer = Answer(page("Text"), etag='"v1"', headers={"Last-Modified": "Sat, 01 Aug 2026 10:00:00 GMT"})
    with Site({"/a": answer}).served() as site:
        client = fetcher(contact="https://example.org/lmskit")
        first = client.fetch(f"{site.url}/a#part")
        again = client.fetch(first.url, etag=first.etag, last_modified=first.last_modified)
        site.answers["/a"] = Answer(page("New text"), etag='"v2"')
        changed = client.fetch(first.url, etag=first.etag, last_modified=first.last_modified)
    assert (first.url, first.content, first.media_type) == (f"{site.url}/a", page("Text").encode(), "text/html")
    assert (first.etag, first.last_modified) == ('"v1"', "Sat, 01 Aug 2026 10:00:00 GMT")
    assert (again.content, changed.content, changed.etag) == (None, page("New text").encode(), '"v2"')
    asked = site.requests[-1].headers
    assert asked["User-Agent"] == f"lmskit/{lmskit.__version__} (+https://example.org/lmskit)"
    assert (asked["Host"], asked["If-None-Match"]) == (f"127.0.0.1:{site.port}", '"v1"')
    assert not {"Cookie", "Referer", "Authorization"} & asked.keys()
    assert site.most_open == 1


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer("gone", 404), PageGoneError, "answered 404"),
        (Answer("gone", 410), PageGoneError, "answered 410"),
        (Answer("who?", 401), LoginRequiredError, "answered 401"),
        (Answer("no", 403), LoginRequiredError, "answered 403"),
        (Answer("busy", 429, {"Retry-After": "120"}), SiteUnavailableError, "cannot answer now"),
        (Answer("down", 503), SiteUnavailableError, "cannot answer now"),
        (Answer("", 204), WebPageError, "answered 204"),
        (Answer("", 304), WebPageError, "answered 304"),
        (Answer("", 302), WebPageError, "answered 302"),
        (Answer("odd", 418), WebPageError, "answered 418"),
        (Answer(b"\x89PNG", type="image/png"), WebPageError, "type image/png"),
        (Answer(b"x", type="video/mp4"), WebPageError, "type video/mp4"),
        (Answer(b"a{}", type="text/css"), WebPageError, "type text/css"),
        (Answer(b"x" * (MIB + 1)), WebPageError, "more than 1 MiB"),
        (Answer(pieces=lambda: iter([b"x" * MIB, b"x"])), WebPageError, "more than 1 MiB"),
        (Answer(gzip.compress(b"x" * 30 * MIB), headers={"Content-Encoding": "gzip"}), WebPageError, "more than 1 MiB"),
        (Answer(zlib.compress(b"x" * 30 * MIB), headers={"Content-Encoding": "deflate"}), WebPageError, "more than 1 MiB"),
        (Answer(b"x", headers={"Content-Encoding": "br"}), WebPageError, "packs it as 'br'"),
        (Answer(b"x", headers={"Content-Encoding": "gzip, gzip"}), WebPageError, "packs it as 'gzip, gzip'"),
        (Answer(b"not packed", headers={"Content-Encoding": "gzip"}), WebPageError, "cannot be unpacked"),
        (Answer(raw=b""), SiteUnavailableError, "cannot be reached"),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n"), SiteUnavailableError, "not one of HTTP"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), SiteUnavailableError, "broke off"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"), SiteUnavailableError, "not one of HTTP"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), SiteUnavailableError, "not one of HTTP"),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), SiteUnavailableError, "broke off"),
    ],
)
def test_what_is_not_a_page_is_refused_with_a_reason(answer, error, words):
    with Site({"/a": answer}).served() as site, pytest.raises(WebPageError) as refused:
        fetcher(limits=FetchLimits(size=MIB, seconds=30, silence=10)).fetch(f"{site.url}/a")
    assert type(refused.value) is error
    assert str(refused.value).startswith(f"{site.url}/a: ")
    assert words in str(refused.value)
    assert getattr(refused.value, "retry_after", None) == (120.0 if answer.headers.get("Retry-After") else None)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(pieces=drip, type="text/html"),
        Answer(pieces=lambda: drip(b"1\r\nx\r\n"), headers={"Transfer-Encoding": "chunked"}),
        Answer(pieces=lambda: drip(gzip.compress(b"")), headers={"Content-Encoding": "gzip"}),
    ],
)
def test_a_page_that_comes_drop_by_drop_ends_at_the_limit(answer):
    with Site({"/a": answer}).served() as site, pytest.raises(SiteUnavailableError, match=r"not complete within 0\.6 seconds"):
        fetcher(limits=FetchLimits(seconds=0.6, silence=10)).fetch(f"{site.url}/a")


def test_headers_that_come_drop_by_drop_end_at_the_limit():
    class Dripping(Site):
        def _send(self, handler):
            handler.close_connection = True
            if handler.path != "/a":
                super()._send(handler)
                return
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drop: ")
            for piece in drip():
                handler.wfile.write(piece)
                handler.wfile.flush()

    with Dripping({}).served() as site, pytest.raises(SiteUnavailableError, match=r"not complete within 0\.6 seconds"):
        fetcher(limits=FetchLimits(seconds=0.6, silence=10)).fetch(f"{site.url}/a")


def test_a_server_that_says_nothing_is_left():
    given_up = threading.Event()

    def silence():
        given_up.wait(60)
        yield b""

    with Site({"/a": Answer(pieces=silence)}).served() as site, pytest.raises(SiteUnavailableError, match=r"said nothing for 0\.3 seconds"):
        fetcher(limits=FetchLimits(seconds=30, silence=0.3)).fetch(f"{site.url}/a")
    given_up.set()


def test_a_server_that_does_not_run_is_named():
    with Site({}).served() as site:
        pass
    with pytest.raises(WebPageError, match=r"cannot be reached \(Connection refused\)"):
        fetcher().fetch(f"{site.url}/a")


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress])
def test_a_packed_page_is_unpacked(packed):
    encoding = "gzip" if packed is gzip.compress else "deflate"
    with Site({"/a": Answer(packed(page().encode()), headers={"Content-Encoding": encoding})}).served() as site:
        assert fetcher().fetch(f"{site.url}/a").content == page().encode()


# Redirects ------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_only_permanent_ones_move_the_page():
    answers = {
        "/old": redirect("/older", 301),
        "/older": redirect("new", 308),
        "/new": Answer(page()),
        "/now": redirect("/new", 302),
        "/mixed": redirect("/half", 301),
        "/half": redirect("/new", 307),
    }
    with Site(answers).served() as site:
        fetched = {path: fetcher().fetch(site.url + path) for path in ("/old", "/now", "/mixed", "/new")}
    assert {found.url for found in fetched.values()} == {f"{site.url}/new"}
    assert [fetched[path].moved_to for path in fetched] == [f"{site.url}/new", None, f"{site.url}/half", None]
    assert [fetched[path].redirected for path in fetched] == [True, True, True, False]


def test_redirects_that_do_not_end_are_refused():
    answers = {"/a": redirect("/b"), "/b": redirect("/a"), "/self": redirect("/self#x")}
    with Site(answers, other=lambda path: redirect(path + "x")).served() as site:
        for path in ("/a", "/self"):
            with pytest.raises(WebPageError, match="in a circle"):
                fetcher().fetch(site.url + path)
        with pytest.raises(WebPageError, match="redirects more than 10 times"):
            fetcher().fetch(f"{site.url}/long")
    assert sum(path.startswith("/long") for path in site.paths) == 11


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/",
        "http://[::1]:{port}/",
        "http://2130706434:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "https://192.168.0.1:8443/",
        "file:///etc/passwd",
        "http://user:password@127.0.0.1:{port}/secret",
        "http://127.0.0.1:25/",
        "http://inner.example:{port}/",
    ],
)
def test_a_redirect_to_a_private_address_is_not_followed(target):
    guard = AddressGuard([LOOPBACK], resolve=lambda _host, _port: ["127.0.0.2"])
    with Site({}, host="127.0.0.2").served() as inner:
        with Site({"/a": redirect(target.format(port=inner.port), 301)}).served() as site, pytest.raises(AddressNotAllowedError):
            fetcher(guard=guard).fetch(f"{site.url}/a")
        assert inner.requests == []
        assert [request.path for request in site.requests] == ["/robots.txt", "/a"]


class Rebinding:
    """A name server that gives another answer each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


def test_a_name_that_is_bound_anew_leads_nowhere_else():
    """The name is asked once for each connection, and never between check and connection."""
    with Site({"/a": Answer("the inner page")}).served() as site, Site({"/a": Answer("secret")}, host="127.0.0.2").served() as inner:
        inner_port = inner.port
        names = Rebinding(["127.0.0.1"], ["127.0.0.2"])
        with pytest.raises(AddressNotAllowedError, match=r"127\.0\.0\.2, is an address of this machine"):
            fetcher(guard=AddressGuard([LOOPBACK], resolve=names)).fetch(f"http://rebound.example:{site.port}/a")
        assert names.asked == 2
        names = Rebinding(["127.0.0.1"], ["127.0.0.1"], ["127.0.0.2"])
        found = fetcher(guard=AddressGuard([LOOPBACK], resolve=names)).fetch(f"http://rebound.example:{site.port}/a")
        assert (found.content, names.asked) == (b"the inner page", 2), "once for each connection"
        both = Rebinding(["127.0.0.1", "127.0.0.2"])
        with pytest.raises(AddressNotAllowedError):
            fetcher(guard=AddressGuard([LOOPBACK], resolve=both)).fetch(f"http://rebound.example:{inner_port}/a")
        assert inner.requests == []
    assert site.requests[0].headers["Host"] == f"rebound.example:{site.port}"


def test_a_site_elsewhere_is_left_to_the_caller():
    def only_here(address):
        raise WebPageError(str(address), "another site")

    with Site({"/a": redirect("http://example.org/"), "/b": Answer(page())}).served() as site:
        with pytest.raises(WebPageError, match="another site"):
            fetcher().fetch(f"{site.url}/a", may_follow=only_here)
        assert fetcher().fetch(f"{site.url}/b", may_follow=only_here).content == page().encode()


# Certificates ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Contexts of a server with a certificate for good.example, and of a client that trusts its authority."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "good.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("good.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_the_certificate_must_be_for_the_name_in_the_address(authority):
    server, trusting = authority
    guard = AddressGuard([LOOPBACK], resolve=lambda _host, _port: ["127.0.0.1"])
    with Site({"/a": Answer(page())}).served(server) as site:
        client = fetcher(guard=guard, certificates=trusting)
        assert client.fetch(f"https://good.example:{site.port}/a").content == page().encode()
        assert site.names == ["good.example", "good.example"]
        for host in ("bad.example", "127.0.0.1"):
            with pytest.raises(WebPageError, match="the certificate of its server is not valid"):
                client.fetch(f"https://{host}:{site.port}/a")
        with pytest.raises(WebPageError, match=r"the certificate of its server is not valid \(self.signed certificate\)"):
            fetcher(guard=guard).fetch(f"https://good.example:{site.port}/a")
    assert site.paths == ["/a"]


# What pages say ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "type_"),
    [
        ("<p>Größe</p>".encode("latin-1"), "text/html; charset=ISO-8859-1"),
        ("<p>Größe</p>".encode(), "text/html; charset=ISO-8859-1"),
        ("<p>Größe</p>".encode(), "text/html; charset=no-such-thing"),
        ("<p>Größe</p>".encode("utf-16"), "text/html; charset=utf-8"),
        ('<meta charset="latin-1"><p>Größe</p>'.encode("latin-1"), "text/html; charset=utf-8"),
        ('<meta charset="cp1250"><p>Größe</p>'.encode("latin-1"), "text/html"),
        ("<p>Größe – „so“</p>".encode("cp1252"), "text/html; charset=ISO-8859-1"),
        ('<meta charset="utf-8"><p>Größe</p>'.encode("cp850"), 'text/html; charset="cp850"'),
    ],
)
def test_the_encoding_is_that_of_the_bytes_then_of_the_server_then_of_the_page(content, type_, reader):
    with Site({"/a": Answer(content, type=type_)}).served() as site:
        fetched = fetcher().fetch(f"{site.url}/a")
    assert fetched.content is not None
    assert "Größe" in reader.read(fetched.content, name="a.html").passages[0].body


def test_a_file_is_named_by_its_address_and_read_by_its_content(reader):
    with Site({"/week%201/notes.md?x=1": Answer("# Sorting\n\nText.", type="application/octet-stream")}).served() as site:
        fetched = fetcher().fetch(f"{site.url}/week 1/notes.md?x=1")
    assert fetched.name == "notes.md"
    assert fetched.content is not None
    assert reader.read(fetched.content, name=fetched.name).kind == "markdown"


def test_a_page_that_a_redirect_leads_to_and_asks_for_a_password_is_a_door(reader):
    door = page('<form><input name="user"><input type="Password" name="p"></form>', title="Sign in")
    with Site({"/a": redirect("/login?next=/a"), "/login?next=/a": Answer(door), "/own": Answer(door)}).served() as site:
        fetched, own = fetcher().fetch(f"{site.url}/a"), fetcher().fetch(f"{site.url}/own")
    assert fetched.content is not None
    text = reader.read(fetched.content, name="a.html")
    with pytest.raises(LoginRequiredError, match=f"{site.url}/a: it leads to a page that asks for a password"):
        require_no_login(f"{site.url}/a", fetched, text)
    require_no_login(f"{site.url}/own", own, text)


def test_a_proxy_is_not_used_and_not_passed_by():
    def proxy_of(scheme, host):
        return f"{scheme}://user:secret@proxy.example:3128" if host == "127.0.0.1" else None

    with Site({}).served() as site, pytest.raises(WebPageError, match=r"through a proxy \(proxy\.example:3128\)"):
        fetcher(proxy_of=proxy_of).fetch(f"{site.url}/a")
    assert site.requests == []


def test_links_and_what_a_page_says_to_programs_are_read(reader):
    text = page(
        '<a href="b.html">Week <b>2</b></a><a href="#x">here</a><a rel="external NoFollow" href=c>no</a><area href="/d">'
        '<a href=" mailto:x@example.org ">mail</a><form action=e></form><iframe src=f></iframe><a>none</a><img src=g.png>',
        head='<base href="/course/"><link rel="canonical" href="/course/a"><meta name=ROBOTS content="NoIndex, follow">'
        "<meta http-equiv=Refresh content=\"5; URL='/new'\">",
    )
    found = reader.read(text.encode(), name="a.html").page
    assert found is not None
    assert [(link.href, link.text) for link in found.links] == [
        ("b.html", "Week 2"),
        ("#x", "here"),
        ("/d", ""),
        ("mailto:x@example.org", "mail"),
    ] or [(link.href, link.text) for link in found.links] == [
        ("b.html", "Week 2"),
        ("#x", "here"),
        ("mailto:x@example.org", "mail"),
        ("/d", ""),
    ]
    assert (found.base, found.canonical, found.moved_to) == ("/course/", "/course/a", "/new")
    assert (found.robots, found.asks_for_password) == (("follow", "noindex"), False)


def test_the_networks_that_tests_allow_hold_one_address():
    assert LOOPBACK.num_addresses == 1
    assert ipaddress.ip_address("127.0.0.2") not in LOOPBACK
