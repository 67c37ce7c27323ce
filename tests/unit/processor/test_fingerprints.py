"""Errors that are the same get one fingerprint, others another one, in every language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.fingerprints import Fingerprinter
from processor.fingerprints.chains import root_cause
from processor.fingerprints.fingerprinting import fingerprint
from processor.fingerprints.frames import Frame, Origin, frames_of
from tests.traces.samples import SAMPLES

JAVA = """com.acme.OrderException: cannot place order 17
\tat com.acme.shop.Orders.place(Orders.java:41)
\tat com.acme.shop.Orders$$EnhancerBySpringCGLIB$$1a2b.place(<generated>)
\tat com.acme.shop.Orders.lambda$all$3(Orders.java:77)
\tat jdk.internal.reflect.GeneratedMethodAccessor12.invoke(Unknown Source)
\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1511)
\tat org.springframework.aop.Invoker.call(Invoker.java:9)
\tat com.acme.web.Api.post(Api.java:12)
"""
JAVA_CAUSED = (
    JAVA
    + """Caused by: java.sql.SQLException: connection 4 is closed
\tat com.zaxxer.hikari.Pool.get(Pool.java:5)
\tat com.acme.shop.Stock.take(Stock.java:88)
\t... 14 more
"""
)
PYTHON = """Traceback (most recent call last):
  File "/srv/app/.venv/lib/python3.11/site-packages/flask/app.py", line 1455, in wsgi_app
    response = self.full_dispatch_request()
  File "/srv/app/shop/api.py", line 30, in post
    total(cart)
    ^^^^^^^^^^^
  File "/srv/app/shop/cart.py", line 12, in total
    return sum(item.price for item in items)
  File "/usr/lib/python3.11/json/decoder.py", line 337, in decode
    raise
KeyError: 'price'"""
PYTHON_CAUSED = (
    PYTHON
    + """

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/shop/web.py", line 3, in serve
    raise ApiError from error
shop.ApiError: no total"""
)
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 18 [running]:
main.(*Cart).Total(0xc000012345, 0x5)
\t/srv/shop/cart.go:12 +0x1d
github.com/acme/shop/api.Post.func1.2({0x1234, 0xc0000})
\t/srv/shop/api/post.go:40 +0x2f
net/http.HandlerFunc.ServeHTTP(0xc0001, {0x7f, 0xc0})
\t/usr/local/go/src/net/http/server.go:2136 +0x29
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3285 +0x4b4"""
NODE = """TypeError: Cannot read properties of undefined (reading 'price')
    at total (/srv/app/cart.js:12:7)
    at async Orders.post (/srv/app/dist/main.3f2a1b9c.js:1:20341)
    at new Cart (/srv/app/cart.js:3:1)
    at /srv/app/node_modules/express/lib/router.js:10:3
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"""
RUBY_LOGGED = """no price (Shop::PriceError)
/srv/shop/app/cart.rb:12:in `total'
/usr/lib/ruby/gems/3.1.0/gems/rack-2.2/lib/rack.rb:3:in `call'
/srv/shop/app/api.rb:30:in `block (2 levels) in post'"""
RUBY = """/srv/shop/app/cart.rb:12:in `total': no price (Shop::PriceError)
\tfrom /usr/lib/ruby/gems/3.1.0/gems/rack-2.2/lib/rack.rb:3:in `call'
\tfrom /srv/shop/app/api.rb:30:in `block (2 levels) in post'"""
NET = """System.InvalidOperationException: cannot sell
 ---> System.IO.FileNotFoundException: stock.db is missing
   at Shop.Stock.Open(String name) in /src/Stock.cs:line 14
   at Shop.Stock.<Load>d__5.MoveNext() in /src/Stock.cs:line 30
   at System.Threading.Tasks.Task.Run(Action a)
   --- End of inner exception stack trace ---
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 7"""
PHP = """RuntimeException: no tea in stock in /srv/shop/Cart.php:31
Stack trace:
#0 /srv/shop/Cart.php(12): Shop\\Cart->sell('tea')
#1 [internal function]: Shop\\Cart->serve()
#2 /srv/shop/vendor/slim/App.php(201): Slim\\App->run()
#3 {main}"""
RUST = """thread 'main' panicked at src/cart.rs:4:5:
no price
stack backtrace:
   0: rust_begin_unwind
             at /rustc/9fc6/library/std/src/panicking.rs:645:5
   1: core::panicking::panic_fmt
   2: shop::cart::total::h0123456789abcdef
             at ./src/cart.rs:4:5
   3: shop::main
   4: <tokio::runtime::Runtime as core::ops::FnOnce<()>>::call_once"""
CPP = """==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020 at pc 0x4011
    #0 0x4011aa in Cart::total(int) /srv/shop/cart.cc:12:3
    #1 0x4012bb in main /srv/shop/main.cc:40
    #2 0x7f00 in __libc_start_main (/lib/libc.so.6+0x2)"""

TRACES = {
    "java": JAVA, "java, caused": JAVA_CAUSED, "python": PYTHON, "python, caused": PYTHON_CAUSED,
    "go": GO, "node": NODE, "ruby": RUBY, "ruby, logged": RUBY_LOGGED, "net": NET, "php": PHP, "rust": RUST, "cpp": CPP,
}  # fmt: skip
OWN = {
    "java": ["com.acme.shop.Orders.place", "com.acme.shop.Orders.lambda$all", "com.acme.web.Api.post"],
    "java, caused": ["com.acme.shop.Stock.take"],
    "python": ["shop/cart:total", "shop/api:post"],
    "python, caused": ["shop/cart:total", "shop/api:post"],
    "go": ["main.(*Cart).Total", "github.com/acme/shop/api.Post.func"],
    "node": ["cart.js:total", "main.js:Orders.post", "cart.js:Cart"],
    "ruby": ["app/cart:total", "app/api:block in post"],
    "ruby, logged": ["app/cart:total", "app/api:block in post"],
    "net": ["Shop.Stock.Open", "Shop.Stock.Load"],
    "php": ["Shop\\Cart->sell"],
    "rust": ["shop::cart::total", "shop::main"],
    "cpp": ["Cart::total", "main"],
}  # fmt: skip


def of(trace: str, kind: str = "Some") -> str:
    return fingerprint(kind, "message", trace)


@pytest.mark.parametrize("name", TRACES)
def test_the_applications_frames_are_found(name: str) -> None:
    frames = frames_of(root_cause(TRACES[name]).trace)
    assert [frame.name for frame in frames if frame.origin is Origin.APPLICATION] == OWN[name]


@pytest.mark.parametrize("name", TRACES)
def test_another_build_on_another_machine_has_the_same_fingerprint(name: str) -> None:
    moved = TRACES[name].replace("/srv/", "/opt/deploy/releases/20261121/")
    moved = re.sub(
        r"(?<=[\w)]):\d+(?=[:)\n]|$| )|(?<=line )\d+", lambda found: found[0] + "7", moved
    )
    moved = re.sub(r"0x[0-9a-f]+", "0xdeadbeef", moved)
    moved = moved.replace("h0123456789abcdef", "hfedcba9876543210").replace("3f2a1b9c", "aa00bb11")
    moved = moved.replace("CGLIB$$1a2b", "CGLIB$$9f9f").replace("$all$3", "$all$5")
    moved = moved.replace("Accessor12", "Accessor99").replace("d__5", "d__6")
    moved = moved.replace("func1.2", "func2.1").replace("order 17", "order 99")
    assert moved != TRACES[name]
    assert of(moved) == of(TRACES[name])


@pytest.mark.parametrize("name", TRACES)
def test_another_function_or_class_has_another_fingerprint(name: str) -> None:
    own = re.split(r"[/.:\\>]", OWN[name][0])[-1]
    changed = TRACES[name].replace(own, own + "Other")
    assert of(changed) != of(TRACES[name])
    if root_cause(TRACES[name]).kind is None:
        assert of(TRACES[name], "Another") != of(TRACES[name])


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("java", "org.springframework.aop.Invoker.call", "org.springframework.cglib.Proxy.run"),
        ("python", "flask/app.py", "django/core.py"),
        ("go", "net/http.HandlerFunc.ServeHTTP", "net/http.(*conn).serve"),
        ("node", "node_modules/express/lib/router.js", "node_modules/koa/lib/app.js"),
        ("ruby", "rack-2.2/lib/rack.rb", "puma-6/lib/puma.rb"),
        ("net", "System.Threading.Tasks.Task.Run", "Microsoft.AspNetCore.Invoker.Call"),
        ("php", "vendor/slim/App.php", "vendor/symfony/Kernel.php"),
        ("rust", "tokio::runtime::Runtime", "hyper::server::Server"),
        ("cpp", "__libc_start_main", "__libc_start_call_main"),
    ],
)
def test_another_library_has_the_same_fingerprint(name: str, old: str, new: str) -> None:
    assert old in TRACES[name]
    assert of(TRACES[name].replace(old, new)) == of(TRACES[name])


def test_of_a_chain_the_cause_of_all_counts() -> None:
    wrapped = (
        "com.acme.Retry: gave up\n\tat com.acme.Retry.run(Retry.java:3)\n"
        + JAVA_CAUSED[JAVA_CAUSED.index("Caused by:") :]
    )
    assert of(wrapped, "com.acme.Retry") == of(JAVA_CAUSED, "com.acme.OrderException")
    assert root_cause(JAVA_CAUSED).kind == "java.sql.SQLException"
    assert root_cause(PYTHON_CAUSED).kind == "KeyError"
    assert of(PYTHON_CAUSED, "shop.ApiError") == of(PYTHON, "KeyError")
    assert root_cause(NET).kind == "System.IO.FileNotFoundException"
    assert root_cause("Error: a\n    at f (/a.js:1:1)\n  [cause]: TypeError: b").kind == "TypeError"


def test_a_cause_without_frames_is_told_apart_by_those_of_the_whole_trace() -> None:
    trace = SAMPLES["scala"].text
    assert of(trace) == of(trace.replace("... 14 more", "... 2 more"))
    assert of(trace) != of(trace.replace("shop.Cart", "shop.Basket"))


def test_without_frames_of_its_own_those_of_libraries_count() -> None:
    trace = (
        "E: x\n\tat org.elasticsearch.A.b(A.java:1)\n\tat java.base/java.lang.Thread.run(T.java:9)"
    )
    assert of(trace) != of(trace.replace("elasticsearch.A", "elasticsearch.B"))
    assert of(trace) == of(trace.replace("lang.Thread.run", "util.concurrent.Pool.work"))
    bare = "E: x\n\tat java.base/java.lang.Thread.run(Thread.java:9)"
    assert of(bare) != of(bare.replace("Thread.run", "Thread.start"))


def test_a_recursion_of_any_depth_is_the_same() -> None:
    line = "\tat com.acme.Tree.walk(Tree.java:5)\n"
    assert of("E: x\n" + line * 2) == of("E: x\n" + line * 900)
    assert frames_of(line * 3) == [Frame("com.acme.Tree.walk", Origin.APPLICATION)]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_known_form_of_trace_has_a_fingerprint(name: str) -> None:
    sample = SAMPLES[name]
    made = fingerprint(sample.kind, sample.message or "", sample.text)
    assert re.fullmatch(r"1:[0-9a-f]{16}", made)
    assert made == fingerprint(sample.kind, sample.message or "", sample.text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot load cart 991", "cannot load cart 12"),
        ("user 'bob' not found", "user 'alice' not found"),
        ("open /etc/a.conf failed", "open /srv/x/b.conf failed"),
        ("no route to 10.0.0.3:80", "no route to 192.168.1.77:8080"),
        (
            "id 5adbf299-abd7-dec0-6f57-797f684a8d4f is gone",
            "id 00000000-0000-0000-0000-000000000001 is gone",
        ),
        ("mail to a@example.org bounced", "mail to bob.b@mail.example.com bounced"),
        ("late since 2026-11-21T07:00:00Z", "late since 2026-11-22 09:10:11.5"),
        ("took 5 ms", "took 1731 ms"),
        ("pointer 0x7ffe is bad", "pointer 0x12ab34 is bad"),
        ("commit 3f2a1b9c0d broke", "commit aabbcc00112 broke"),
    ],
)
def test_messages_that_differ_in_values_alone_are_the_same(one: str, other: str) -> None:
    assert fingerprint("", one, "") == fingerprint("", other, "")


def test_messages_that_say_something_else_are_not() -> None:
    texts = ["cannot load cart 5", "cannot save cart 5", "cannot load user 5", "cart 5 is loaded"]
    assert len({fingerprint("", text, "") for text in texts}) == len(texts)
    assert fingerprint("A", "x", "") != fingerprint("B", "x", "")


def test_fingerprints_do_not_change_unless_their_number_does() -> None:
    assert fingerprint("", "cannot load cart 991", "") == "1:e809df96202c94ca"
    assert of(JAVA) == "1:a23ca8be57f7d2c8"


def test_what_is_remembered_is_what_would_be_worked_out() -> None:
    fingerprinter = Fingerprinter()
    for _ in range(2):
        for name, trace in TRACES.items():
            assert fingerprinter.of(name, "message", trace) == fingerprint(name, "message", trace)
        for number in range(5000):
            message = f"step {'abcdefghij'[number % 10]} of {number} failed"
            assert fingerprinter.of("", message, "") == fingerprint("", message, "")


@pytest.mark.parametrize(
    "text", ["\n" * 50_000, "\tat " * 30_000, "a.b" * 40_000, "#0 (" * 20_000, "    at (:1:1" * 9_000,
             "File \"" * 20_000, "[" * 90_000, "<" * 90_000, "$$Lambda" * 9_000, "\ud800", "1.2.3.4:" * 9000],
)  # fmt: skip
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert fingerprint(text[:100], text, text).startswith("1:")
    assert fingerprint("", text, "").startswith("1:")


TEXTS = st.lists(
    st.sampled_from(["5x1f", "0x1f", "12:30:45", "10.0.0.1", "2fast", "1fast", "http2", "a1", "7", "1.5", "ms",
                     "2026-03-14", "deadbeef12", "-3%", "٣", "job_17", "00", "19", "91", "\n3", "'q7'"]),
    min_size=1, max_size=4,
).map(" ".join)  # fmt: skip


@given(messages=st.lists(TEXTS | st.text("0123456789xabcdef.:-_ Z", max_size=24), max_size=30))
def test_what_is_remembered_suits_all_messages_of_its_shape(messages: list[str]) -> None:
    fingerprinter = Fingerprinter()
    for message in messages:
        assert fingerprinter.of("", message, "") == fingerprint("", message, "")
