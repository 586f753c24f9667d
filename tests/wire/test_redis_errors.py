from __future__ import annotations

import ssl

import pytest
import redis.exceptions as library
from redis._parsers import BaseParser

from wire.errors import DamagedKey, ServerAway, ServerFull, ServerRefuses
from wire.redis_errors import classed


def parsed(words: str) -> Exception:
    """Returns the exception that the library raises for an error of a server."""
    error: Exception = BaseParser.parse_error(words)  # type: ignore[no-untyped-call]
    return error


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("LOADING Redis is loading the dataset in memory", ServerAway),
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL", ServerAway),
        ("READONLY You can't write against a read only replica.", ServerAway),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is 'no'.", ServerAway),
        ("CLUSTERDOWN The cluster is down", ServerAway),
        ("CLUSTERDOWN Hash slot not served", ServerAway),
        ("TRYAGAIN Multiple keys request during rehashing of slot", ServerAway),
        ("ERR max number of clients reached", ServerAway),
        ("UNBLOCKED force unblock from blocking operation, instance state changed", ServerAway),
        ("OOM command not allowed when used memory > 'maxmemory'.", ServerFull),
        ("OOM command not allowed when used memory > 'maxmemory'. script: 1, on @user", ServerFull),
        ("MISCONF Redis is configured to save RDB snapshots, but it's unable to", ServerFull),
        ("MISCONF Errors writing to the AOF file: No space left on device", ServerFull),
        ("NOREPLICAS Not enough good replicas to write.", ServerFull),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", DamagedKey),
        ("WRONGPASS invalid username-password pair or user is disabled.", ServerRefuses),
        ("NOAUTH Authentication required.", ServerRefuses),
        ("NOPERM this user has no permissions to run the 'xadd' command", ServerRefuses),
        ("ERR ACL failure in script: No permissions to access a key", ServerRefuses),
        ("ERR The user executing the script can't access at least one of the", ServerRefuses),
        ("DENIED Redis is running in protected mode because protected mode", ServerRefuses),
        ("ERR DB index is out of range", ServerRefuses),
        ("MOVED 3999 127.0.0.1:6381", ServerRefuses),
    ],
)
def test_each_answer_has_its_class(words: str, kind: type[Exception]) -> None:
    assert type(classed(parsed(words))) is kind


@pytest.mark.parametrize(
    "words", ["ERR unknown command 'XADDD'", "NOSCRIPT No matching script.", "ERR syntax error"]
)
def test_what_is_our_own_fault_stays_the_librarys_error(words: str) -> None:
    error = parsed(words)
    assert classed(error) is error


@pytest.mark.parametrize("words", ["MOVED 1 a:1", "ASK 1 a:1"])
def test_in_a_cluster_a_moved_slot_is_no_refusal(words: str) -> None:
    error = parsed(words)
    assert classed(error, in_cluster=True) is error


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("WRONGPASS invalid username-password pair", "refuses the user name or the password"),
        ("NOAUTH Authentication required.", "asks for a password"),
        ("ERR AUTH <password> called without any password configured", "has no password"),
        ("NOPERM no permissions to run the 'xadd' command", "lacks a permission, see docs"),
        ("DENIED Redis is running in protected mode", "serves its own machine only"),
        ("MOVED 1 a:1", "begin the address with redis+cluster://"),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_setting(words: str, sentence: str) -> None:
    text = str(classed(parsed(words)))
    assert text.startswith("SHARPCAST_REDIS_URL: ")
    assert sentence in text


def test_what_a_server_says_to_a_login_is_found_below_the_connections_error() -> None:
    error = library.ConnectionError("could not connect")
    error.__cause__ = parsed("WRONGPASS invalid username-password pair")
    assert type(classed(error)) is ServerRefuses


def test_an_error_met_before_says_nothing_of_the_one_at_hand() -> None:
    error = library.ConnectionError("connection lost")
    error.__context__ = parsed("WRONGPASS invalid username-password pair")
    assert type(classed(error)) is ServerAway


def test_a_certificate_that_is_not_trusted_is_a_refusal() -> None:
    error = library.ConnectionError("error")
    error.__context__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    error.__context__.verify_message = "self-signed certificate"
    assert "?ca=FILE" in str(classed(error))
