"""What do addresses of nodes say, secrets included, and what is shown of them?"""

from __future__ import annotations

from typing import Any

import pytest

from logboom.config import ElasticsearchSection
from logboom.errors import ConfigError
from logboom.store.elastic.addresses import Address, addresses_of


def of(*urls: str, **more: Any) -> list[Address]:
    return list(addresses_of(ElasticsearchSection(urls=list(urls), **more)))


@pytest.mark.parametrize(
    ("url", "shown", "host", "port", "prefix"),
    [
        ("http://a", "http://a:80", "a", 80, ""),
        ("https://a", "https://a:443", "a", 443, ""),
        ("http://a:9200/", "http://a:9200", "a", 9200, ""),
        ("http://a:9200/b/c/", "http://a:9200/b/c", "a", 9200, "/b/c"),
        ("http://[::1]:9200", "http://[::1]:9200", "::1", 9200, ""),
        ("http://u:p@ss/w?rd@a:9200", "http://a:9200", "a", 9200, ""),
        ("http://버섯.example:1", "http://버섯.example:1", "버섯.example", 1, ""),
    ],
)
def test_where_it_is(url: str, shown: str, host: str, port: int, prefix: str) -> None:
    (one,) = of(url)
    assert (one.shown, one.host, one.port, one.prefix) == (shown, host, port, prefix)
    assert (one.context is not None) == url.startswith("https")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://a:9200", "host: a:9200"),
        ("http://[::1]:9200", "host: [::1]:9200"),
        ("http://버섯.example:1", "host: xn--hk3bk9f.example:1"),
        ("http://u%40x:p%3Aq@a", "authorization: Basic dUB4OnA6cQ=="),
        ("http://u:p@ss@a", "authorization: Basic dTpwQHNz"),
    ],
)
def test_what_is_sent_along(url: str, line: str) -> None:
    (one,) = of(url)
    assert line in one.headers.split("\r\n")
    assert one.headers.endswith("\r\n")
    assert one.headers.isascii()


def test_what_the_configuration_says_goes_before_what_the_address_says() -> None:
    (key,) = of("http://u:p@a", api_key="abc=")
    assert "authorization: ApiKey abc=\r\n" in key.headers
    (user,) = of("http://u:p@a", username="v", password="q")
    assert "authorization: Basic djpx\r\n" in user.headers


def test_a_node_that_is_named_twice_is_one() -> None:
    assert [one.shown for one in of("http://a:1", "http://b:1", "http://a:1/")] == [
        "http://a:1", "http://b:1",
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["http://a b:1", "http://%zz:1", "http://a_{x}"])
def test_what_is_no_address_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="no address") as caught:
        of(url.replace("//", "//u:geheim@"))
    assert "geheim" not in str(caught.value)
