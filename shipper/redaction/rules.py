"""Which kinds of secrets are known, and what do they look like?

The forms of keys are those that their issuers publish. Each pattern takes linear time: what
repeats is bounded or possessive, and two repetitions that follow one another share no sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from shipper.addresses import is_address
from shipper.redaction.numbers import is_card, is_resident_number

REPLACEMENT: Final = "[redacted]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    Attributes:
        name: Goes into the tag ``redacted:<name>``.
        pattern: What is replaced; with a group `keep`, that part stays in front.
        hints: Lower-case ASCII pieces of which each match contains one: a cheap look before the
            pattern. In one of digits, spaces and hyphens alone, each 0 is any digit, and each hyphen
            may be a space. Without hints, the pattern is searched for in every text.
        assigned: True when a match has `=` or `:` soon after the hint.
        first_digits: With which digits a match begins, where one of its hints does; empty: a match may
            begin with any, and before the hint.
        accepts: Has the last word on what the pattern matched.
        keep_first: So many signs of a match stay at its begin.
        keep_last: So many at its end.
        window: A longer text is searched in pieces of about so many characters, cut at white space;
            0: in one. For patterns that would take quadratic time.
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...] = ()
    assigned: bool = False
    accepts: Callable[[str], bool] | None = None
    first_digits: str = ""
    keep_first: int = 0
    keep_last: int = 0
    window: int = 0

    def finds(self, text: str) -> bool:
        """Whether there is such a secret in a text."""
        if self.window and len(text) > self.window:
            return any(map(self.finds, _pieces(text, self.window)))
        if self.accepts is None:
            return self.pattern.search(text) is not None
        return any(self.accepts(match[0]) for match in self.pattern.finditer(text))

    def stands_at(self, text: str, place: int) -> bool:
        """Whether there is such a secret at a place in a text."""
        match = self.pattern.match(text, place)
        return match is not None and (self.accepts is None or self.accepts(match[0]))

    def replace(self, text: str) -> tuple[str, int]:
        """The text without such secrets, and how many there were."""
        count = 0

        def replaced(match: re.Match[str]) -> str:
            nonlocal count
            if self.accepts is not None and not self.accepts(match[0]):
                return match[0]
            count += 1
            kept = match.groupdict()
            front = kept.get("keep") or kept.get("keep_too") or match[0][: self.keep_first]
            back = match[0][-self.keep_last :] if self.keep_last else ""
            return front + REPLACEMENT + back

        if self.window and len(text) > self.window:
            pieces = _pieces(text, self.window)
            return "".join(self.pattern.sub(replaced, piece) for piece in pieces), count
        return self.pattern.sub(replaced, text), count


def _pieces(text: str, window: int) -> Iterator[str]:
    """A text in pieces of at most so many characters, cut at white space where there is some."""
    begin = 0
    while len(text) - begin > window:
        space = max(text.rfind(sign, begin + 1, begin + window) for sign in " \n\t,")
        end = space if space > begin else begin + window
        yield text[begin:end]
        begin = end
    yield text[begin:]


CONFIDENTIAL: Final = (
    r"(?:passw(?:or)?d|pwd(?!=[/~])|passphrase|passcode|secret"
    r"|(?:api|access|account|secret|private)[_-]?key|(?:access|refresh|auth|id|session)[_-]?token)"
)
"""How the name of a field ends whose value is a secret, whatever it is."""

_NOT_HIDDEN: Final = (
    r"(?!\[redacted\]|null\b|none\b|nil\b|undefined\b|true\b|false\b|\*{3}|x{4}|%[sdv]|\$\{|\{\{|<)"
)
_NO_WORD: Final = (
    r"(?!(?:must|should|may|can|cannot|is|was|are|has|not|no|yes|required|incorrect|invalid|wrong"
    r"|expired|missing|empty|changed|reset|too|set|unset|hidden|masked|updated|ok|failed|accepted"
    r"|rejected|for|and|or|the|a|an)(?!\w))"
)
_NEXT_FIELD: Final = r"(?!amp;|[\w.@-]{1,64}+ ?[=:]|(?-i:[A-Z]\w{0,30}+(?: [A-Z]\w{0,30}+){1,4}+)=)"
"""Not an escaped `&`, nor the name of another field, as in `user=` or, of a connection string, `Initial Catalog=`."""
_UNQUOTED: Final = (
    rf"(?:[^\s\"'\\,;&}}\])]|[,;&}}\])]{{1,8}}+(?=[\w!@#$%^*+?~]){_NEXT_FIELD}){{1,1024}}+"
)
"""A value without quotes: to white space, a quote, or what ends it or stands in front of another field."""
_QUOTE: Final = r"(?:(?P<escaped>\\\")|(?P<double>\")|(?P<single>'))?+"
_VALUE: Final = (
    rf"{_NOT_HIDDEN}"
    r"(?(escaped)(?:[^\"\\]|\\(?!\")){1,8192}+"
    r"|(?(double)(?:[^\"\\\n]|\\.){1,8192}+"
    r"|(?(single)(?:[^'\\\n]|\\.){1,8192}+"
    r"|(?:[\[{][^\]}\n]{0,8192}+[\]}]{0,16}+"
    rf"|{_NO_WORD}{_UNQUOTED}))))"
)
_PASSWORD = re.compile(
    rf"(?i)(?P<keep>{CONFIDENTIAL}\\?[\"']?\s{{0,3}}(?>=>|:=|[=:])\s{{0,3}}+{_QUOTE}){_VALUE}"
)
_MEASURE: Final = r"\d{1,16}+(?:\.\d{1,9}+)?+[a-z%]{0,2}+(?!\w)"
_PASS = re.compile(
    rf"(?i)(?P<keep>(?<![a-z])pass(?: ?=|\\?[\"']\s{{0,3}}:)\s{{0,3}}+{_QUOTE})(?!{_MEASURE}|[\[{{]){_VALUE}"
)
"""A short name that is also a word: behind `=`, or quoted and with `:`; never a count, a time or a list."""
_URL_PASSWORD = re.compile(
    r"(?P<keep>:(?:\\?/){2}[^/\s:@\"\\]{0,64}+:)(?!\[redacted\]@)[^/\s\"\\]{1,256}(?=@)"
)
_LOOKS_RANDOM = r"(?:(?-i:(?=[A-Za-z0-9._~+/=-]{0,64}(?:\d|[a-z][A-Z]|[A-Z]{2}|=)))|(?=\S{24}))"
_AUTHORIZATION = re.compile(
    rf"(?i)(?P<keep>\b(?:bearer|basic|negotiate)\s{{1,3}}){_LOOKS_RANDOM}[A-Za-z0-9._~+/=-]{{8,4096}}+"
    r"|(?P<keep_too>\b(?:token|apikey)\s{1,3})(?=[a-z._~+/=-]{0,64}\d)[A-Za-z0-9._~+/=-]{16,4096}+"
)
_TOKEN = re.compile(
    r"(?i)(?P<keep>(?:(?<![\w-])|(?<=\\u0026))token\\?[\"']?\s{0,3}[=:]\s{0,3}(?:\\?[\"'])?)(?!\[redacted\])"
    r"(?=[a-z._~+/=-]{0,64}\d)[A-Za-z0-9._~+/=-]{8,4096}+"
)
_PARAMETER = re.compile(
    r"(?i)(?P<keep>(?:(?<![\w-])|(?<=\\u0026))(?:sig|signature|[jp]?(?:hp)?sess(?:ion)?id|sid)=)(?!\[redacted\])"
    r"(?=[a-z._~+/=%-]{0,64}\d)[A-Za-z0-9._~+/=%-]{16,4096}+"
)
_KEY_NAME: Final = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}"
PRIVATE_KEY_BEGIN: Final = re.compile(rf"-{{4,5}} ?BEGIN {_KEY_NAME}")
PRIVATE_KEY_END: Final = re.compile(rf"-{{4,5}} ?END {_KEY_NAME}")
_PRIVATE_KEY = re.compile(
    rf"{PRIVATE_KEY_BEGIN.pattern}(?:[^-]|-(?!---))*+(?:{PRIVATE_KEY_END.pattern})?"
)
KEY_LINE: Final = re.compile(
    r"(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])(?=[^0-9]*+[0-9])[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}){0,2}"
).fullmatch
"""A line in the midst of a key whose lines are events of their own, as PEM and OpenSSH break them."""

KEY_LINE_LENGTHS: Final = frozenset({64, 70, 76})
_SERVICE_KEYS: Final = {
    r"gh[pousr]_[A-Za-z0-9]{36,255}": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),  # GitHub
    r"github_pat_[A-Za-z0-9_]{22,255}": ("github_pat_",),
    r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_-]{20,255}": ("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-"),  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{10,255}": ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-"),  # Slack
    r"xapp-\d-[A-Za-z0-9-]{10,255}": ("xapp-",),
    r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,255}": ("hooks.slack.com",),
    r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}": ("k_live_", "k_test_"),  # Stripe
    r"whsec_[A-Za-z0-9+/=]{24,255}": ("whsec_",),
    r"AIza[A-Za-z0-9_-]{35}": ("aiza",),  # Google
    r"GOCSPX-[A-Za-z0-9_-]{20,64}": ("gocspx-",),
    r"ya29\.[A-Za-z0-9_-]{20,2048}": ("ya29.",),
    r"npm_[A-Za-z0-9]{36}": ("npm_",),
    r"pypi-[A-Za-z0-9_-]{50,512}": ("pypi-",),
    r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,255}": ("dckr_",),  # Docker
    r"hf_[A-Za-z]{30,64}": ("hf_",),  # Hugging Face
    r"hv[sbr]\.[A-Za-z0-9_-]{24,512}": ("hvs.", "hvb.", "hvr."),  # Vault
    r"do[opr]_v1_[a-f0-9]{64}": ("doo_v1_", "dop_v1_", "dor_v1_"),  # DigitalOcean
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}": ("shpat_", "shpca_", "shppa_", "shpss_"),  # Shopify
    r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}": ("sg.",),  # SendGrid
    r"sk-(?:ant|proj|svcacct|admin)-[A-Za-z0-9_-]{20,512}": ("sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-"),
    r"sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}": ("t3blbkfj",),
    r"\d{8,10}:AA[A-Za-z0-9_-]{33}": (":aa",),  # Telegram
    r"dapi[a-f0-9]{32}": ("dapi",),  # Databricks
}  # fmt: skip
_CARD = re.compile(
    r"[2-6](?<![\w.-].)[0-9]{3}"
    r"(?:[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}|[ -][0-9]{6}[ -][0-9]{4,5})(?![\w-]|\.\d)"
)
CARD_FORMS: Final = (
    *("0000{}0000{}0000{}0".format(*between) for between in product(("", "-"), repeat=3)),
    "0000-000000-0000",
)

DEFAULT_RULES: Final[tuple[Rule, ...]] = (
    Rule("private_key", _PRIVATE_KEY, ("private key",)),
    Rule(
        "password", _PASSWORD, assigned=True,
        hints=(
            "passw", "pwd", "passphrase", "passcode", "secret", "token", "api_key", "apikey",
            "api-key", "access_key", "accesskey", "access-key", "account_key", "accountkey",
            "account-key", "private_key", "privatekey", "private-key",
        ),
    ),
    Rule("password", _PASS, ("pass=", "pass =", 'pass"', "pass'", "pass\\")),
    Rule("url_password", _URL_PASSWORD, ("://", r":\/\/")),
    Rule("authorization", _AUTHORIZATION, ("bearer", "basic ", "negotiate ", "token ", "apikey ")),
    Rule("token", _TOKEN, ("token",), assigned=True),
    Rule("token", _PARAMETER, ("sig=", "signature=", "sessid=", "sessionid=", "sid=")),
    Rule(
        "jwt",
        re.compile(
            r"\beyJ[A-Za-z0-9_-]{8,2048}+\.eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,1024}+"
        ),
        (".eyj",),
    ),
    Rule("aws_key", re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b"), ("akia", "asia", "abia", "acca")),
    Rule(
        "azure_key",
        re.compile(r"(?<![\w.~-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"),
        ("q~",),
    ),
    Rule(
        "service_key",
        re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_SERVICE_KEYS)})"),
        tuple(hint for hints in _SERVICE_KEYS.values() for hint in hints),
    ),
    Rule("card_number", _CARD, CARD_FORMS, accepts=is_card, first_digits="23456"),
)  # fmt: skip
"""On unless the configuration says otherwise."""

OPTIONAL_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "email",
        re.compile(
            r"(?<![\w.%+-])[A-Za-z0-9_.%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}"
        ),
        ("@",),
    ),
    Rule(
        "ip_address",
        re.compile(
            r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]{2,39}+(?:\.\d{1,3}){0,3})(?![\w:]|\.\d)"
        ),
        ("0.0", ":"),
        accepts=is_address,
    ),
    Rule(
        "resident_number",
        re.compile(r"(?<![\w-])\d{6}-?[1-8]\d{6}(?![\w-])"),
        ("000000-0000000", "0000000000000"),
        accepts=is_resident_number,
    ),
)
"""On when the configuration says so."""
