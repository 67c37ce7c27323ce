"""Which way of framing does a configuration ask for?"""

from __future__ import annotations

import codecs
from functools import partial

from logboom.config import FileInput, MultilineSection, StdinInput
from logboom.errors import ConfigError
from shipper.framing.auto import AutoRule
from shipper.framing.bare import BareRule
from shipper.framing.colours import make_plain_decoder, without_colours
from shipper.framing.containers import container_of
from shipper.framing.detecting import DetectingFraming
from shipper.framing.encodings import actual_encoding, unit_of
from shipper.framing.frames import Framing, Limits, make_decoder, without_nuls
from shipper.framing.pattern import make_rule as make_user_rule
from shipper.framing.plain import PlainFraming
from shipper.framing.rows import RowRule
from shipper.framing.rules import EveryLineRule, Rule
from shipper.framing.spooled import SpooledInput
from shipper.framing.streams import WrappedFraming
from shipper.framing.wide import WideFraming
from shipper.framing.wrappers import WRAPPERS, unwrap_container, unwrap_envelope
from shipper.parsers.catalogue import EVERY_LINE, Format, load_catalogue

_AUTO_MAX_LINES = 5000
_OF_PATTERNS = frozenset({"grok", "dissect"})
"""Formats whose lines the user's own patterns know: one may look like anything."""


_AS_THEY_ARE = _OF_PATTERNS | {"plain"}
"""Formats whose texts keep their colours."""


def make_framing(
    section: FileInput | StdinInput, *, path: str = "", max_event_bytes: int
) -> Framing:
    """Makes the framing for one source.

    Args:
        section: The input that the source belongs to.
        path: The source's path: a container's log is known by it.
        max_event_bytes: Where an event is cut.

    Raises:
        ConfigError: When the pattern or the encoding cannot be used.
    """
    _check_encoding(section.encoding)
    encoding = actual_encoding(section.encoding, b"")
    if unit_of(encoding) > 1:
        narrow = section.model_copy(update={"encoding": "utf-8"})
        inner = make_framing(narrow, path=path, max_event_bytes=max_event_bytes)
        return WideFraming(inner, encoding)
    multiline = section.multiline
    limits = Limits(max_event_bytes, _AUTO_MAX_LINES)
    if isinstance(multiline, MultilineSection):
        max_bytes = min(max_event_bytes, multiline.max_bytes or max_event_bytes)
        limits = Limits(max_bytes, multiline.max_lines)
    make_rule = partial(_make_rule, section)
    rule = make_rule()
    decoder = make_decoder if section.format in _AS_THEY_ARE else make_plain_decoder
    plain = PlainFraming(rule, limits, section.encoding, decoder(section.encoding))
    is_spooled = isinstance(section, SpooledInput)
    unwrap = unwrap_envelope if is_spooled else WRAPPERS.get(section.format)
    if unwrap is None and container_of(path) is not None:
        unwrap = unwrap_container
    if unwrap is not None:
        return WrappedFraming(unwrap, make_rule, limits, section.encoding, make_decoder=decoder)
    if section.format == "auto":
        wrapped = WrappedFraming(
            unwrap_container, make_rule, limits, section.encoding, rule, decoder
        )
        return DetectingFraming(plain, wrapped)
    return plain


def inner_section(section: FileInput | StdinInput) -> FileInput | StdinInput:
    """How the texts are parsed when the format names only what is around them."""
    if section.format in WRAPPERS:
        return section.model_copy(update={"format": "auto"})
    return section


def _make_rule(section: FileInput | StdinInput) -> Rule:
    multiline = section.multiline
    if multiline == "none":
        return EveryLineRule()
    if multiline != "auto":
        return BareRule(make_user_rule(multiline, section.encoding), without_nuls)
    if section.format in _OF_PATTERNS:
        return BareRule(AutoRule(traces_only=True), without_nuls)
    described = load_catalogue().formats.get(section.format)
    rule = AutoRule() if described is None else _rule_of(described, section)
    return BareRule(rule, without_nuls if section.format in _AS_THEY_ARE else _plain)


def _plain(lines: bytes) -> bytes:
    return without_colours(without_nuls(lines))


def _rule_of(described: Format, section: FileInput | StdinInput) -> Rule:
    """The rule of a format that says where its entries begin or end; else the usual one."""
    if described.cells:
        return RowRule((section.delimiter or described.cells).encode(section.encoding))
    if not described.entry:
        return AutoRule()
    if described.entry == EVERY_LINE:
        return EveryLineRule()
    begins = MultilineSection(pattern=described.entry, negate=True, match="after")
    return make_user_rule(begins, section.encoding)


def _check_encoding(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
        line_feed = "\n".encode(encoding)
    except LookupError as error:
        raise ConfigError(
            f"{encoding!r} is not an encoding", where="encoding", mend="write for example utf-8"
        ) from error
    if line_feed != b"\n" and unit_of(encoding) == 1:
        raise ConfigError(
            f"{encoding!r} does not write a line break as one byte",
            where="encoding",
            mend="convert the file to UTF-8",
        )
