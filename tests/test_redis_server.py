"""How a Redis server is named; what is run against a real one is in tests/host/test_host_redis_storage.py."""

from __future__ import annotations

import re

import pytest

from voicebot.redis_server import RedisAddress


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://192.0.2.1:6379/0", "redis://192.0.2.1:6379/0"),
        ("rediss://bot:hush@redis.example.com/1?ssl_cert_reqs=none", "rediss://redis.example.com/1"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_one_server_is_named_without_its_secrets(url: str, shown: str) -> None:
    address = RedisAddress.parse(url)
    assert (address.url, address.shown, address.sentinels) == (url, shown, ())


def test_sentinels_are_asked_for_the_master_of_a_name() -> None:
    address = RedisAddress.parse("redis+sentinel://bot:hush@192.0.2.1,[2001:db8::2]:26380/calls/3")
    assert address.sentinels == (("192.0.2.1", 26379), ("2001:db8::2", 26380))
    assert (address.master, address.url) == ("calls", "redis://bot@/3")
    assert address.shown == "redis+sentinel://192.0.2.1,[2001:db8::2]:26380/calls/3"
    assert RedisAddress.parse("redis+sentinel://192.0.2.1/calls").url == "redis:///0"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://192.0.2.1", "must begin with redis://"),
        ("redis+sentinel://192.0.2.1:26379", "must look like redis+sentinel://"),
        ("redis+sentinel://192.0.2.1/calls/three", "must look like redis+sentinel://"),
        ("redis+sentinel://,192.0.2.1/calls", "must be the address of a Sentinel"),
        ("redis+sentinel://192.0.2.1:x/calls", "Port could not be cast"),
    ],
)
def test_what_names_no_server_is_refused_with_how_to_write_it(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        RedisAddress.parse(url)
