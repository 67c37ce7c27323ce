"""What do addresses of nodes say, secrets included, and what is shown of them?"""

from __future__ import annotations

from typing import Any

import pytest

from logboom.config import ElasticsearchSection
from logboom.elastic.addresses import Address, addresses_of
from logboom.errors import ConfigError


def of(*urls: str, **more: Any) -> list[Address]:
    return list(addresses_of(ElasticsearchSection(urls=list(urls), **more)))


@pytest.mark.parametrize(
    ("url", "shown", "asked"),
    [
        ("http://a", "http://a:80", "http://a:80"),
        ("https://a", "https://a:443", "https://a:443"),
        ("http://a:9200/", "http://a:9200", "http://a:9200"),
        ("http://a:9200/b/c/", "http://a:9200/b/c", "http://a:9200/b/c"),
        ("http://a:9200/é", "http://a:9200/é", "http://a:9200/%C3%A9"),
        ("http://[::1]:9200", "http://[::1]:9200", "http://[::1]:9200"),
        ("http://[fe80::1%eth0]:92", "http://[fe80::1%eth0]:92", "http://[fe80::1%25eth0]:92"),
        ("http://u:p@ss/w?rd@a:9200", "http://a:9200", "http://a:9200"),
        ("http://버섯.example:1", "http://버섯.example:1", "http://xn--hk3bk9f.example:1"),
    ],
)
def test_where_it_is(url: str, shown: str, asked: str) -> None:
    (one,) = of(url)
    assert (one.shown, one.url) == (shown, asked)
    assert (one.trust is not None) == url.startswith("https")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("http://u%40x:p%3Aq@a", "authorization: Basic dUB4OnA6cQ=="),
        ("http://u:p@ss@a", "authorization: Basic dTpwQHNz"),
    ],
)
def test_what_is_sent_along(url: str, line: str) -> None:
    (one,) = of(url)
    assert line in one.headers


def test_what_the_configuration_says_goes_before_what_the_address_says() -> None:
    (key,) = of("http://u:p@a", api_key="abc=")
    assert "authorization: ApiKey abc=" in key.headers
    (user,) = of("http://u:p@a", username="v", password="q")
    assert "authorization: Basic djpx" in user.headers


def test_a_node_that_is_named_twice_is_one() -> None:
    assert [one.shown for one in of("http://a:1", "http://b:1", "http://a:1/")] == [
        "http://a:1", "http://b:1",
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["http://a b:1", "http://%zz:1", "http://a_{x}"])
def test_what_is_no_address_is_told_without_its_secrets(url: str) -> None:
    with pytest.raises(ConfigError, match="no address") as caught:
        of(url.replace("//", "//u:geheim@"))
    assert "geheim" not in str(caught.value)
