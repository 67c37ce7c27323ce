"""What stays of a function's name when what compilers and frameworks make up is left out?"""

from __future__ import annotations

import re

_PROXY = re.compile(
    r"\$\$(?:EnhancerBy\w+|FastClassBy\w+|SpringCGLIB|Lambda)\$\$?[\w/$]*|\$\$(?:Lambda)\b[\w/.$]*"
    r"|_\$\$_\w+|\$Proxy\d+|\$HibernateProxy\$\w+|\$ByteBuddy\$\w+|_ClientProxy|_Subclass"
)
_LAMBDA = re.compile(r"lambda\$([\w$]*?)\$\d+|\$anonfun\$([\w$]*?)\$\d+|\$deserializeLambda\$")
_NUMBERED = re.compile(r"\$\d+(?=[.$]|$)|(?<=\.func)\d+(?:\.\d+)*|(?<=-fm)\d*$")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$|\.llvm\.\d+$")
_GENERIC = re.compile(r"\[[^\[\]]*\]|<(?![\w>]*>[bdg]?__)[^<>]*>|`\d+")
_NET_STATE = re.compile(r"<(\w*)>[bdg]__[\w|]*(?:\.MoveNext)?|<>c(?:__DisplayClass[\w]*)?\.?")
_BUNDLE = re.compile(r"[.-][0-9a-f]{6,32}(?=\.)")


def java(name: str) -> str:
    """`shop.Cart$$EnhancerBySpringCGLIB$$1a.lambda$sell$3` is `shop.Cart.lambda$sell`."""
    name = _PROXY.sub("", name)
    name = _LAMBDA.sub(lambda found: f"lambda${found[1] or found[2] or ''}", name)
    return _NUMBERED.sub("", name)


def go(name: str) -> str:
    """`main.(*Cart).Sell.func1.2` is `main.(*Cart).Sell.func`."""
    return _NUMBERED.sub("", _GENERIC.sub("", name))


def rust(name: str) -> str:
    """`shop::cart::sell::<u32>::h0123456789abcdef` is `shop::cart::sell::`."""
    name = _RUST_HASH.sub("", name)
    while (shorter := _GENERIC.sub("", name)) != name:
        name = shorter
    return name


def dot_net(name: str) -> str:
    """`Shop.Cart.<Sell>d__5.MoveNext` is `Shop.Cart.Sell`."""
    name = _NET_STATE.sub(lambda found: found[1] or "", name)
    return _GENERIC.sub("", name)


def bundle(name: str) -> str:
    """`main.3f2a1b9c.js` is `main.js`."""
    return _BUNDLE.sub("", name)
