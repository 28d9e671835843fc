"""Downloads from addresses that strangers chose."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from accounts.pictures.download import download
from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.rules import PUBLIC, Rules, is_public
from tests.integration.example.pictures import PictureServer, picture


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_lead_inside_are_not_public(ip: str) -> None:
    assert not is_public(ip_address(ip))


@pytest.mark.parametrize("ip", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_addresses_of_the_internet_are_public(ip: str) -> None:
    assert is_public(ip_address(ip))


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ftp://example.com/me.png", "must start with http"),
        ("file:///etc/passwd", "must start with http"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "must start with http"),
        ("//example.com/me.png", "must start with http"),
        ("me.png", "must start with http"),
        ("http://", "must start with http"),
        ("http://ada:secret@example.com/", "must not contain a user name"),
        ("http://example.com:6379/", "not fetched from port 6379"),
        ("http://example.com:99999/", "not a valid web address"),
        ("http://[::1/", "not a valid web address"),
        ("http://" + "a" * 64 + ".com/", "not a valid web address"),
        ("http://127.0.0.1/me.png", "127.0.0.1 is not on the public internet"),
        ("http://2130706433/", "2130706433 is not on the public internet"),
        ("http://0x7f.1/", "0x7f.1 is not on the public internet"),
        ("http://[::1]/", "::1 is not on the public internet"),
        ("http://[::ffff:127.0.0.1]/", "is not on the public internet"),
        ("http://169.254.169.254/latest/meta-data/", "is not on the public internet"),
    ],
)
def test_addresses_against_the_rules_are_refused_with_a_sentence(
    address: str, sentence: str
) -> None:
    with pytest.raises(PictureRefused, match=sentence):
        download(address)


def test_a_picture_comes_as_the_server_sends_it(picture_server: PictureServer) -> None:
    body = picture()
    assert download(picture_server.serve("/me.png?s=1", body), picture_server.rules()) == body


def test_a_redirect_is_followed_also_a_relative_one(picture_server: PictureServer) -> None:
    body = picture()
    picture_server.serve("/new/me.png", body)
    picture_server.redirect("/old/b", "../new/me.png", status=308)
    start = picture_server.redirect("/a", picture_server.url("/old/b"))
    assert download(start, picture_server.rules()) == body


def test_three_redirects_are_followed_and_no_more(picture_server: PictureServer) -> None:
    for step in range(5):
        picture_server.redirect(f"/{step}", f"/{step + 1}")
    with pytest.raises(PictureRefused, match="redirects more than 3 times"):
        download(picture_server.url("/0"), picture_server.rules())
    assert picture_server.seen == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("http://10.0.0.1:{port}/", "10.0.0.1 is not on the public internet"),
        ("http://127.0.0.2:{port}/", "127.0.0.2 is not on the public internet"),
        ("http://127.0.0.1:1/", "not fetched from port 1"),
        ("file:///etc/passwd", "must start with http"),
    ],
)
def test_a_redirect_is_held_against_the_rules_like_a_new_address(
    picture_server: PictureServer, target: str, sentence: str
) -> None:
    start = picture_server.redirect("/a", target.format(port=picture_server.port))
    with pytest.raises(PictureRefused, match=sentence):
        download(start, picture_server.rules())


def test_the_checked_address_is_the_one_connected_to(
    picture_server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers something else the second time gains nothing by it."""
    answers = iter(["127.0.0.1", "127.0.0.66"])

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *args, **kwargs: (
            look_up(host, port) if host == "rebind.example" else real(host, port, *args, **kwargs)
        ),
    )
    body = picture()
    picture_server.serve("/me.png", body)
    address = f"http://rebind.example:{picture_server.port}/me.png"
    assert download(address, picture_server.rules()) == body
    assert next(answers) == "127.0.0.66"


def test_one_inside_address_among_several_refuses_the_name(
    picture_server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(host: str, port: int, *, flags: int, **_: object) -> list[tuple[object, ...]]:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in ("127.0.0.1", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(PictureUnavailable, match="no server on the public internet"):
        download(f"http://both.example:{picture_server.port}/", picture_server.rules())
    assert picture_server.seen == []


def test_a_stated_length_over_the_limit_is_refused_before_it_is_read(
    picture_server: PictureServer,
) -> None:
    address = picture_server.serve("/big", b"x" * 2000)
    with pytest.raises(PictureRefused, match="larger than"):
        download(address, picture_server.rules(max_bytes=1000))


def test_a_body_that_never_ends_is_cut_at_the_limit(picture_server: PictureServer) -> None:
    with pytest.raises(PictureRefused, match="larger than 1 MB"):
        download(picture_server.endless("/e"), picture_server.rules(max_bytes=1024**2))


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    ],
    ids=["status", "headers", "body", "body of stated length", "chunked body"],
)
def test_a_server_that_trickles_cannot_hold_the_worker(
    picture_server: PictureServer, first: bytes
) -> None:
    address = picture_server.trickle("/slow", first)
    with pytest.raises(PictureUnavailable, match="takes too long"):
        download(address, picture_server.rules(max_seconds=0.3))


def test_the_time_is_for_all_redirects_together(picture_server: PictureServer) -> None:
    picture_server.redirect("/a", "/slow")
    picture_server.trickle("/slow", b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(PictureUnavailable, match="takes too long"):
        download(picture_server.url("/a"), picture_server.rules(max_seconds=0.3))


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (404, PictureRefused, "refuses to send the picture .HTTP 404"),
        (403, PictureRefused, "refuses to send the picture .HTTP 403"),
        (204, PictureRefused, "refuses to send the picture .HTTP 204"),
        (500, PictureUnavailable, "has a problem .HTTP 500"),
        (429, PictureUnavailable, "has a problem .HTTP 429"),
    ],
)
def test_an_answer_without_a_picture_says_which(
    picture_server: PictureServer, status: int, error: type[Exception], sentence: str
) -> None:
    address = picture_server.serve("/x", b"", status=status)
    with pytest.raises(error, match=sentence):
        download(address, picture_server.rules())


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/pdf", ""])
def test_other_types_are_refused(picture_server: PictureServer, content_type: str) -> None:
    address = picture_server.serve("/x", picture(), content_type=content_type)
    with pytest.raises(PictureRefused, match="no JPEG, PNG, WebP or GIF"):
        download(address, picture_server.rules())


def test_a_compressed_answer_is_refused(picture_server: PictureServer) -> None:
    address = picture_server.serve("/x", picture(), headers={"Content-Encoding": "gzip"})
    with pytest.raises(PictureRefused, match="an encoding we do not accept"):
        download(address, picture_server.rules())


def test_a_body_that_ends_early_may_be_tried_again(picture_server: PictureServer) -> None:
    address = picture_server.serve("/x", b"abc", headers={"Content-Length": "30"})
    with pytest.raises(PictureUnavailable, match=r"stopped sending|did not send a valid response"):
        download(address, picture_server.rules())


def test_an_answer_that_is_not_http_may_be_tried_again(picture_server: PictureServer) -> None:
    picture_server.answers["/x"] = lambda request: None
    with pytest.raises(PictureUnavailable, match="did not send a valid response"):
        download(picture_server.url("/x"), picture_server.rules())


def test_nobody_listening_may_be_tried_again(picture_server: PictureServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        rules = Rules(may_connect=lambda ip: True, ports=frozenset({port}))
        with pytest.raises(PictureUnavailable, match="did not send a valid response"):
            download(f"http://127.0.0.1:{port}/", rules)


def test_names_that_lead_inside_are_answered_like_those_that_lead_nowhere() -> None:
    said = set()
    for host in ("nowhere.invalid", "localhost"):
        with pytest.raises(PictureUnavailable) as caught:
            download(f"http://{host}/me.png")
        said.add(str(caught.value))
    assert said == {"There is no server on the public internet at this address."}


def test_the_rules_of_the_site_admit_the_web_and_nothing_else() -> None:
    assert PUBLIC.may_connect is is_public
    assert PUBLIC.ports == {80, 443}
