"""Every kind of secret is found in every form that it comes in; ordinary lines are left alone."""

from __future__ import annotations

import random
import string
import uuid
from pathlib import Path
from typing import Any

import pytest

from logboom.config import from_mapping
from logboom.config.redaction import RedactionSection
from logboom.errors import ConfigError
from shipper.redaction.numbers import is_card, is_resident_number
from shipper.redaction.redact import REPLACEMENT, Redactor

ORDINARY = (Path(__file__).parent / "ordinary_lines.txt").read_text(encoding="utf-8").splitlines()
LETTERS = string.ascii_letters + string.digits


def made(prefix: str, length: int, of: str = LETTERS) -> str:
    """A key of a form; put together here, so that no scanner takes this file for a leak."""
    return prefix + "".join(random.Random(prefix).choices(of, k=length))


HEX = "0123456789abcdef"
KEYS = {
    "service_key": [
        made("ghp" + "_", 36), made("github" + "_pat_", 60), made("glpat" + "-", 20), made("xox" + "b-", 40),
        made("sk_" + "live_", 24), made("rk_" + "live_", 24), made("whsec" + "_", 32), made("AIza" + "Sy", 33),
        made("ya29" + ".", 60), made("npm" + "_", 36), made("pypi" + "-AgEI", 80), made("dckr" + "_pat_", 27),
        made("hf" + "_", 34, string.ascii_letters), made("hvs" + ".", 30), made("dop" + "_v1_", 64, HEX),
        made("shpat" + "_", 32, HEX), made("SG" + ".", 22) + "." + made("", 43), made("sk-" + "ant-", 60),
        made("sk-" + "proj-", 60), "123456789" + made(":AA", 33), made("dapi", 32, HEX),
    ],
    "aws_key": ["AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE"],
    "azure_key": ["abc8Q" + made("~", 34)],
    "token": ["sig=" + made("", 40) + "1%3D", "JSESSIONID=" + made("A1", 30), r"x\u0026token=abcdef123456"],
    "password": [
        'password="two words, and a comma"', "pwd = hunter22", "DB_PASSWORD=hunter22;", "passphrase: hunter22",
        "AccountKey=hunter22hunter22==", "aws_secret_access_key = hunter22", "client_secret=hunter22",
        r'{"m":"{\"password\":\"hunter22 and more\"}"}', "password => 'hunter22'", "secretKey: hunter22",
        '{"password":["hunter22","x"]}', "'apiKey': 'hunter22'", "private_key=hunter22",
        "pass=hunter22", "SMTP_PASS=hunter22", "/?user=a&pass=hunter22&x=1", '{"pass": "hunter22"}', "pass = hunter22",
    ],
    "url_password": ["redis://:hunter22@cache/0", "amqp://u:p@ss@mq:5672/", "https://ada:hunter22@git.test/x.git"],
    "authorization": ["Authorization: Basic " + made("dXNlcjpw", 20), "bearer " + made("tok", 30)],
    "card_number": [
        "4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005", "3782 822463 10005", "6011111111111117",
        "2223003122003222", "3530111333300000", "30569309025904", "6200000000000005", "4222222222222",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in KEYS.items() for t in texts])
def test_every_form_is_found(kind: str, text: str) -> None:
    redactor = Redactor.with_defaults()
    for whole in (
        text,
        f"got {text} today",
        f"a.\n{text}.",
        f'{{"m": "x {text}"}}' if '"' not in text else text,
    ):
        assert redactor.suspects([whole, "ordinary"]) == {0}
        clean, found = redactor.redact(whole)
        assert found == (kind,)
        assert REPLACEMENT in clean
        assert "hunter22" not in clean
        assert redactor.redact(clean) == (clean, ())


PEM = "-----BEGIN {0} KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\nMIIE+/hunter22==\n-----END {0} KEY-----"


@pytest.mark.parametrize("kind", ["PRIVATE", "RSA PRIVATE", "OPENSSH PRIVATE", "ENCRYPTED PRIVATE"])
def test_a_private_key_goes_from_its_first_line_to_its_last(kind: str) -> None:
    for pem in (PEM.format(kind), PEM.format(kind).replace("\n", "\\n")):
        clean, found = Redactor.with_defaults().redact(f"loaded {pem} now")
        assert (clean, found) == (f"loaded {REPLACEMENT} now", ("private_key",))


@pytest.mark.parametrize("length", [64, 70, 76])
def test_a_line_of_a_key_that_is_an_event_of_its_own_is_known(length: int) -> None:
    redactor = Redactor.with_defaults()
    line = made("MIIEaB1", length - 7, LETTERS + "+/")
    assert redactor.suspects(["x", line]) == {1}
    assert redactor.redact(line) == (REPLACEMENT, ("private_key",))
    for other in (line.lower(), line + "x", f"got {line}"):
        assert redactor.redact(other) == (other, ())


def test_ordinary_lines_are_left_alone() -> None:
    redactor = Redactor.with_defaults()
    assert len(ORDINARY) > 70
    assert {
        ORDINARY[number]: redactor.redact(ORDINARY[number])
        for number in redactor.suspects(ORDINARY)
    } == {}


@pytest.mark.parametrize(
    "text",
    [
        "bypass=foo", "compass=north", "passed=foo", "pass=true", "pass=12 fail=3", "pass=2.5ms", "pass=100%",
        "first pass: done", '{"pass": 12, "fail": 0}', '{"pass": ["a", "b"]}', "pass=${PASS}", "pass=ok", "password policy",
    ],
)  # fmt: skip
def test_pass_is_also_a_word(text: str) -> None:
    redactor = Redactor.with_defaults()
    assert (redactor.redact(text), redactor.suspects([text])) == ((text, ()), set())


def test_false_alarms_are_rare_where_they_cannot_be_none() -> None:
    """Of numbers as long as a card's, those that look like one: by chance, and no more than that."""
    draw = random.Random(7)
    redactor = Redactor.with_defaults()
    kinds = {
        "uuid": [str(uuid.UUID(int=draw.getrandbits(128))) for _ in range(2000)],
        "hash": [f"{draw.getrandbits(256):064x}" for _ in range(2000)],
        "epoch in ms": [str(1_700_000_000_000 + draw.randrange(10**11)) for _ in range(2000)],
        "epoch in ns": [
            str(1_700_000_000_000_000_000 + draw.randrange(10**17)) for _ in range(2000)
        ],
        "written time": [f"2026{draw.randrange(10**13):013d}" for _ in range(2000)],
        "base64": [made(f"x{n}", 44) for n in range(2000)],
    }
    for kind, texts in kinds.items():
        assert (kind, redactor.suspects(texts)) == (kind, set())
    numbers = [str(draw.randrange(10**15, 10**16)) for _ in range(5000)]
    assert len(redactor.suspects(numbers)) < 0.04 * len(numbers)


def test_cards_have_an_issuer_a_length_and_a_sum() -> None:
    assert is_card("4111111111111111")
    assert not is_card("4111111111111112")
    assert not is_card("9111111111111111")  # nobody's prefix
    assert not is_card("41111111111114")  # the right sum, and no length of Visa's
    for text in (
        "x4111111111111111",
        "4111111111111111x",
        "0.4111111111111111",
        "4111111111111111-1",
    ):
        assert Redactor.with_defaults().suspects([text]) == set()


def chosen(**section: Any) -> Redactor:
    return Redactor.of(RedactionSection.model_validate(section))


def test_some_kinds_are_found_by_choice() -> None:
    text = "ada@example.org of 10.1.2.3 and fe80::1 is 900101-1234568"
    assert Redactor.with_defaults().redact(text) == (text, ())
    clean, found = chosen(also=["email", "ip_address", "resident_number"]).redact(text)
    assert clean == f"{REPLACEMENT} of {REPLACEMENT} and {REPLACEMENT} is {REPLACEMENT}"
    assert found == ("email", "ip_address", "resident_number")
    redactor = chosen(also=["email", "ip_address", "resident_number"])
    assert redactor.suspects(["a@b.kr", "x", "10.1.2.3", "fe80::1", "900101-1234568"]) == {
        0,
        2,
        3,
        4,
    }


def test_resident_numbers_have_a_day_and_a_check_digit() -> None:
    assert is_resident_number("900101-1234568")
    assert not is_resident_number("900101-1234567")
    assert not is_resident_number("901301-1234568")
    assert chosen(also=["resident_number"]).suspects(["at 1795246020116 ms", "12:30:45"]) == set()


def test_kinds_can_be_left_out() -> None:
    assert chosen(without=["card_number"]).suspects(["4111111111111111"]) == set()
    assert chosen(enabled=False).suspects(["password=hunter22"]) == set()
    assert chosen(enabled=False).redact("password=hunter22") == ("password=hunter22", ())


def test_rules_of_ones_own_keep_what_they_are_told_to() -> None:
    own = {
        "name": "employee",
        "pattern": r"\bEMP-\d{8}\b",
        "reason": "agreed",
        "keep_first": 4,
        "keep_last": 2,
    }
    redactor = chosen(rules=[own])
    assert redactor.suspects(["x", "by EMP-12345678."]) == {1}
    assert redactor.redact("by EMP-12345678.") == (f"by EMP-{REPLACEMENT}78.", ("employee",))
    assert redactor.automaton is None  # the compiled part cannot look for it


WRONG: tuple[dict[str, Any], ...] = (
    {"rules": [{"name": "x", "pattern": "(", "reason": "r"}]},
    {"rules": [{"name": "x", "pattern": "a*", "reason": "r"}]},
    {"rules": [{"name": "x", "pattern": "a"}]},
    {"rules": [{"name": "X y", "pattern": "a", "reason": "r"}]},
    {"rules": [{"name": "x", "pattern": "a", "reason": "r"}] * 2},
    {"also": ["shoes"]},
)  # fmt: skip


@pytest.mark.parametrize("section", WRONG, ids=str)
def test_what_cannot_be_meant_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        from_mapping({"redact": section}, origin="t")


def own(pattern: str) -> dict[str, Any]:
    return {"rules": [{"name": "own", "pattern": pattern, "reason": "r"}]}


def test_a_pattern_of_quadratic_time_is_searched_in_pieces() -> None:
    redactor = chosen(**own(r"\b[A-Z]++-\d++"))
    text = "A" * 100_000 + " x " * 10_000 + "AB-12 " + "A-" * 50_000
    clean, found = redactor.redact(text)
    assert found == ("own",)
    assert clean == text.replace("AB-12", REPLACEMENT)
    assert redactor.suspects([text]) == {0}


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(\w+\s?)*x", r"\w+@\w+\.\w+"])
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="steps"):
        chosen(**own(pattern))


@pytest.mark.parametrize(
    "section",
    [{"without": ["shoes"]}, {"rules": [{"name": "jwt", "pattern": "a", "reason": "r"}]}],
    ids=str,
)
def test_what_names_no_kind_or_a_taken_one_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        chosen(**section)


NAMED: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"password": 12345}, {"password": REPLACEMENT}),
    ({"login": {"db_password": ["a", {"b": "c"}]}}, {"login": {"db_password": [REPLACEMENT, {"b": REPLACEMENT}]}}),
    ({"password": None, "secret": False, "api_key": ""}, {"password": None, "secret": False, "api_key": ""}),
    ({"pwd": "/home/ada"}, {"pwd": "/home/ada"}),
    ({"card": 4111111111111111}, {"card": REPLACEMENT}),
    ({"Bearer " + "tok3n" * 6: 1}, {f"Bearer {REPLACEMENT}": 1}),
    ({"headers": [{"authorization": "Bearer " + "tok3n" * 6}]}, {"headers": [{"authorization": f"Bearer {REPLACEMENT}"}]}),
)  # fmt: skip


@pytest.mark.parametrize(("fields", "clean"), NAMED, ids=str)
def test_fields_lose_secrets_by_name_and_by_value(
    fields: dict[str, Any], clean: dict[str, Any]
) -> None:
    assert Redactor.with_defaults().redact_fields(fields) == clean


SIGNS = ",;&}])"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("password", ["p{}ss", "p{0}{0}ss", "p{}!", "u{}v{}w", "hunter{}22"])
@pytest.mark.parametrize(
    "behind", ["", " user=ada", "\tnext", ", user=ada", "{} id=7", "{}", '"', "{},"]
)
def test_a_sign_within_a_password_is_part_of_it(sign: str, password: str, behind: str) -> None:
    whole = password.replace("{}", sign).replace("{0}", sign)
    rest = behind.replace("{}", sign)
    text = f"x password={whole}{rest}"
    assert Redactor.with_defaults().redact(text)[0] == f"x password={REPLACEMENT}{rest}"


@pytest.mark.parametrize(
    "rest",
    [
        ",user=ada", ",user: ada", "&id=7&x=1", "&id=7 HTTP/1.1", ";encrypt=true", ";Initial Catalog=shop;x=1", "}, id=7}",
        ')","id":7}', "})", "]: started", ").then", "](thread-1) said", '"}', "; path=/", ",\n", "',b", "} -> ok", "),{",
        "&amp;id=7", ",user.name=ada", ",user-name =ada", ";a@b:c",
    ],
)  # fmt: skip
def test_the_next_field_is_no_part_of_a_password(rest: str) -> None:
    text = f"password=hunter22{rest}"
    assert Redactor.with_defaults().redact(text)[0] == f"password={REPLACEMENT}{rest}"


@pytest.mark.parametrize(
    "value",
    ['"p,ss; x=1 } ] ) & y"', "'p,ss; x=1 } ] ) & y'", r'"p\"ss, x=1"', r"\"p,ss x=1\""],
)
def test_a_password_in_quotes_is_taken_whole(value: str) -> None:
    quote = value[: 2 if value[0] == "\\" else 1]
    clean = Redactor.with_defaults().redact(f"password={value} user=ada")[0]
    assert clean == f"password={quote}{REPLACEMENT}{quote} user=ada"


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "password=a,",
        "password=" + "a;" * 600,
        "password=" + "a,bcdefghij" * 90,
        "password=a" + ";Aa A" * 200,
        "pass=",
        'password="',
        "://a:",
        "Bearer ",
        "eyJa.eyJ",
        "4111 ",
        "token=1",
        "-----BEGIN PRIVATE KEY-----",
        "secret: [",
        "a@b.",
        "sk-proj-",
        'pwd:\\"',
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    """Twice the text is about twice the work; quadratic work would not end within a test's patience."""
    text = piece * (200_000 // len(piece))
    redactor = chosen(also=["email", "ip_address", "resident_number"])
    redactor.suspects([text])
    redactor.redact(text)
