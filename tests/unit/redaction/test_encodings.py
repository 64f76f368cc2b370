"""A secret is found however it is written: all that a notebook may do to it by chance or on purpose (0.32)."""

from __future__ import annotations

import base64
import codecs
import gzip
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest

from amltasks.redaction import MASK, Redactor

SECRETS = {
    "with everything special": "S3cr3t+/=pa ss&w\u00f6rd\"'<%>\\end",
    "six characters": "x7#Qp!",
    "a storage key": base64.b64encode(bytes(range(60, 124))).decode(),
    "a token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + base64.urlsafe_b64encode(bytes(range(256)) * 4).decode(),
    "not Latin": "пароль-密码-Ünïcödé",
    "a connection string": "Server=tcp:x.example;Password=hunter2 hunter;Encrypt=yes",
}

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "repr": repr,
    "repr of bytes": lambda s: repr(s.encode()),
    "json": json.dumps,
    "json in json": lambda s: json.dumps(json.dumps(s)),
    "html": html.escape,
    "html twice": lambda s: html.escape(html.escape(s)),
    "xml attribute": lambda s: html.escape(s).replace("&#x27;", "&apos;"),
    "html decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "html hexadecimal": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "unicode escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "octal escapes": lambda s: "".join(f"\\{b:03o}" for b in s.encode()),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 after one byte": lambda s: base64.b64encode(b"u" + s.encode()).decode(),
    "base64 after two bytes": lambda s: base64.b64encode(b"uv" + s.encode()).decode(),
    "base64 before others": lambda s: base64.b64encode(s.encode() + b"and more").decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 of base64": lambda s: base64.b64encode(base64.b64encode(s.encode())).decode(),
    "base64 in lines": lambda s: base64.encodebytes(s.encode() * 4).decode(),
    "base64 of UTF-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "basic authorisation": lambda s: base64.b64encode(b"user:" + s.encode()).decode(),
    "url": lambda s: urllib.parse.quote(s, safe=""),
    "url with its slashes": urllib.parse.quote,
    "url form": urllib.parse.quote_plus,
    "url twice": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe=""), safe=""),
    "url in lower case": lambda s: urllib.parse.quote(s, safe="").lower(),
    "hexadecimal": lambda s: s.encode().hex(),
    "HEXADECIMAL": lambda s: s.encode().hex().upper(),
    "hexadecimal with colons": lambda s: s.encode().hex(":"),
    "bytes": lambda s: str(list(s.encode())),
    "bytes in hexadecimal": lambda s: ", ".join(map(hex, s.encode())),
    "rot13": lambda s: codecs.encode(s, "rot13"),
    "reversed": lambda s: s[::-1],
    "upper case": str.upper,
    "UTF-16": lambda s: repr(s.encode("utf-16-le")),
    "gzip in base64": lambda s: base64.b64encode(gzip.compress(s.encode())).decode(),
    "one character a line": "\n".join,
    "spaced": " ".join,
    "two lines": lambda s: s[: len(s) // 2] + "\n" + s[len(s) // 2 :],
    "colour in the middle": lambda s: s[: len(s) // 2] + "\x1b[0m" + s[len(s) // 2 :],
    "zero width in the middle": lambda s: s[: len(s) // 2] + "\u200b" + s[len(s) // 2 :],
    "continued line": lambda s: s[: len(s) // 2] + "\\\n" + s[len(s) // 2 :],
    "swallowed by a colour": lambda s: "\x1b[" + s,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_taken_out_however_it_is_written(secret: str, encoding: str) -> None:
    """Of the written form no more is left than quotation marks or some of what it was encoded with."""
    written = ENCODINGS[encoding](SECRETS[secret])
    redactor = Redactor({"the one": SECRETS[secret], "another": "is not there"})

    redacted = redactor.text(f"before [{written}] after")

    assert redacted.startswith("before [")
    assert redacted.endswith("] after")
    assert MASK in redacted
    assert redactor.found == {"the one"}
    assert len(redacted.removeprefix("before [").removesuffix("] after").replace(MASK, "")) < 12


def test_each_line_of_a_secret_is_found_alone_but_not_its_banner() -> None:
    """A key in PEM is printed line by line."""
    body = [base64.b64encode(bytes(range(start, start + 48))).decode() for start in (0, 48, 96)]
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----"])
    redactor = Redactor({"key": key})

    assert redactor.text(f"line: {body[1]}") == f"line: {MASK}"
    assert redactor.text(json.dumps({"key": key})).count("A") == 0
    assert redactor.text("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_a_long_piece_of_a_token_is_found() -> None:
    """Tools cut tokens off."""
    token = SECRETS["a token"]

    assert Redactor({"token": token}).text(f"{token[:100]}...").startswith(MASK)


@pytest.mark.parametrize(
    ("secret", "part"),
    [
        ("DefaultEndpointsProtocol=https;AccountName=data;AccountKey=bXkga2V5IQ==;", "bXkga2V5IQ=="),
        ("Server=tcp:x;User ID=me; Password = hunter2hunter ;Encrypt=yes", "hunter2hunter"),
        ("https://data.blob.core.example/c?sv=2024&sig=aBcD%2Fe9f0%3D&se=2027", "aBcD%2Fe9f0%3D"),
        ("https://data.blob.core.example/c?sv=2024&sig=aBcD%2Fe9f0%3D&se=2027", "aBcD/e9f0="),
        ("postgresql://me:hunter2hunter@db.example:5432/x", "hunter2hunter"),
        (
            '{"type": "service_account", "auth": {"private_key": "-----\\nMIIEvQIBADANBg\\n"}}',
            "MIIEvQIBADANBg",
        ),
        ('{"clients": [{"client_secret": "hunter2hunter"}]}', "hunter2hunter"),
    ],
)
def test_the_sensitive_part_of_a_secret_is_a_secret(secret: str, part: str) -> None:
    """Programs take connection strings apart; what is no secret in them stays."""
    redactor = Redactor({"connection": secret})

    assert redactor.text(f"key: {part}.") == f"key: {MASK}."
    for public in ("AccountName=data", "User ID=me", "sv=2024", "service_account", "db.example"):
        assert redactor.text(public) == public


@pytest.mark.parametrize("value", ["abc", "true", "False", "None", "1234", "2024", "****", "xxxxxxxx", "  a  "])
def test_values_that_stand_everywhere_are_left_and_named(value: str) -> None:
    """Masking them would spoil every notebook and protect nothing; the caller can warn."""
    redactor = Redactor({"weak": value, "good": "x7#Qp!"})

    assert redactor.text(f"a {value} b") == f"a {value} b"
    assert redactor.too_short == {"weak"}


@pytest.mark.parametrize("value", ["abcd", "7Pq!", "12345678", "aaaaab"])
def test_short_and_plain_secrets_are_found_only_as_they_are(value: str) -> None:
    """With white space, case and escapes ignored they would turn up in ordinary text."""
    redactor = Redactor({"pin": value})

    assert redactor.text(f"a {value} b") == "a *** b"
    assert redactor.text(" ".join(value)) == " ".join(value)
    assert redactor.text(value[::-1]) == (value[::-1])
    assert MASK in redactor.text(base64.b64encode(value.encode()).decode())


def test_empty_secrets_are_nothing() -> None:
    redactor = Redactor({"empty": ""})

    assert redactor.text("anything") == "anything"
    assert redactor.too_short == frozenset()
