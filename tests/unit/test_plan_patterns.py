"""Which hosts a pattern means."""

from __future__ import annotations

import pytest

from runners.plan.patterns import hosts_of, members_of
from tests.unit.spec_texts import inventory_of

INVENTORY = inventory_of(
    "hosts: {db1: , web1: , web2: , web3: , cache1: }\n"
    "groups:\n"
    "  web: [web3, web2, web1]\n"
    "  cache: [cache1]\n"
    "  site: {hosts: [db1], children: [web, cache]}\n"
    "  empty: []\n"
)


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("web1", "web1"),
        ("web", "web1 web2 web3"),
        ("all", "db1 web1 web2 web3 cache1"),
        ("local", "local"),
        ("local:db1", "db1 local"),
        ("web:cache", "web1 web2 web3 cache1"),
        ("cache,web1, db1", "db1 web1 cache1"),
        ("web1:web:web1", "web1 web2 web3"),
        ("site", "db1 web1 web2 web3 cache1"),
        ("web[0]", "web3"),
        ("web[-1]", "web1"),
        ("web[0:1]", "web2 web3"),
        ("web[1:9]", "web1 web2"),
        ("web[1:]", "web1 web2"),
        ("all[0]", "db1"),
        ("web1[0]", "web1"),
        ("web[0:1]:cache", "web2 web3 cache1"),
        ("web[0],web[2]", "web1 web3"),
        ("web:!web[0]", "web1 web2"),
        ("!web[0]:web", "web1 web2"),
        ("!web", "db1 cache1"),
        ("site:&web", "web1 web2 web3"),
        ("&web", "web1 web2 web3"),
        ("web:cache:&site:!web2", "web1 web3 cache1"),
        ("web:!empty", "web1 web2 web3"),
        ("web:!web[7]", "web1 web2 web3"),
        ("web:!mail*", "web1 web2 web3"),
        ("*", "db1 web1 web2 web3 cache1"),
        ("web?", "web1 web2 web3"),
        ("web[!12]", "web3"),
        ("[dw]*1", "db1 web1"),
        ("*1", "db1 web1 cache1"),
        ("ca*", "cache1"),
        ("web*[0]", "web3"),
        ("~web[12]", "web1 web2"),
        ("~(db|cache)1", "db1 cache1"),
        ("site:!~web[12]", "db1 web3 cache1"),
        ("local:!web", "local"),
        ("all:local:!db1", "web1 web2 web3 cache1 local"),
    ],
)
def test_pattern_means_these_hosts_in_inventory_order(pattern: str, hosts: str) -> None:
    assert hosts_of(pattern, INVENTORY) == (tuple(hosts.split()), ())


def test_hosts_of_no_group_have_a_group_of_their_own() -> None:
    inventory = inventory_of("hosts: {a: , b: , c: }\ngroups: {web: [b]}\n")
    assert hosts_of("ungrouped", inventory) == (("a", "c"), ())
    assert hosts_of("ungroup*:!c", inventory) == (("a",), ())


@pytest.mark.parametrize(
    ("pattern", "reasons"),
    [
        ("wep", ('no host or group "wep" in /srv/site/inventory.yaml, did you mean "web"?',)),
        ("zzz", ('no host or group "zzz" in /srv/site/inventory.yaml',)),
        ("localhost", ('no host or group "localhost" in /srv/site/inventory.yaml, did you mean "local"?',)),
        ("web[3]", ('"web[3]" is empty: "web" has 3 hosts, counted from web[0]',)),
        ("web[-4]", ('"web[-4]" is empty: "web" has 3 hosts, counted from web[0]',)),
        ("cache[1:2]", ('"cache[1:2]" is empty: "cache" has 1 host, counted from cache[0]',)),
        ("empty", ('"empty" has no hosts',)),
        ("empty[0]", ('"empty[0]" is empty: "empty" has 0 hosts',)),
        ("web:!wep1", ('no host or group "wep1" in /srv/site/inventory.yaml, did you mean "web1"?',)),
        ("web:&cach", ('no host or group "cach" in /srv/site/inventory.yaml, did you mean "cache"?',)),
        ("web:!web", ('"web:!web" leaves no host',)),
        ("web:&cache", ('"web:&cache" leaves no host',)),
        ("web:&empty", ('"web:&empty" leaves no host',)),
        ("ungrouped", ('"ungrouped" has no hosts',)),
        ("mail*", ('no host or group fits "mail*" in /srv/site/inventory.yaml',)),
        ("~eb", ('no host or group fits "~eb" in /srv/site/inventory.yaml',)),
        ("~mail", ('no host or group fits "~mail" in /srv/site/inventory.yaml',)),
        ("empt*", ('"empt*" has no hosts',)),
        ("web*[9]", ('"web*[9]" is empty: "web*" has 3 hosts, counted from web*[0]',)),
        (
            "wep:cach",
            (
                'no host or group "wep" in /srv/site/inventory.yaml, did you mean "web"?',
                'no host or group "cach" in /srv/site/inventory.yaml, did you mean "cache"?',
            ),
        ),
    ],
)
def test_pattern_without_hosts_says_why(pattern: str, reasons: tuple[str, ...]) -> None:
    assert hosts_of(pattern, INVENTORY) == ((), reasons)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("web", 'no host or group "web", because there is no inventory; name one with -i'),
        ("localhost", 'no host or group "localhost", because there is no inventory, did you mean "local"?'),
        ("all", "there is no inventory with hosts; name one with -i, or write local"),
    ],
)
def test_without_an_inventory_only_local_is_known(pattern: str, reason: str) -> None:
    assert hosts_of(pattern, None) == ((), (reason,))
    assert hosts_of("local", None) == (("local",), ())


def test_members_of_a_group_come_in_its_own_order() -> None:
    assert members_of("site", INVENTORY) == ("db1", "web3", "web2", "web1", "cache1")


def test_members_come_level_by_level_as_with_ansible() -> None:
    inventory = inventory_of(
        "hosts: {a: , b: , c: }\ngroups:\n  top: {children: [x, y]}\n"
        "  x: {children: [deep]}\n  deep: [a]\n  y: [b, c]\n"
    )
    assert members_of("top", inventory) == ("b", "c", "a")
    assert hosts_of("top[0]", inventory) == (("b",), ())
