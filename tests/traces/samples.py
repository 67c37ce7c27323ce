"""Traces of languages that are not built in the tests, written after their runtimes' forms."""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """One trace, and what it says."""

    text: str
    kind: str
    message: str | None


SAMPLES: dict[str, Sample] = {
    "ruby": Sample(
        "shop.rb:4:in `sell': no tea left (Shop::NoStock)\n"
        "\tfrom shop.rb:9:in `block in serve'\n"
        "\tfrom shop.rb:12:in `<main>'\n"
        "shop.rb:2:in `fetch': key not found: :tea (KeyError)\n"
        "\tfrom shop.rb:4:in `sell'",
        "Shop::NoStock",
        "no tea left",
    ),
    "ruby 3.4": Sample(
        "shop.rb:4:in 'Shop#sell': no tea left (RuntimeError)\n\tfrom shop.rb:9:in '<main>'",
        "RuntimeError",
        "no tea left",
    ),
    "dotnet": Sample(
        "Unhandled exception. System.InvalidOperationException: cannot sell\n"
        " ---> System.IO.FileNotFoundException: stock.db is missing\n"
        "   at Shop.Stock.Open(String name) in /src/Stock.cs:line 14\n"
        "   --- End of inner exception stack trace ---\n"
        "   at Shop.Program.Main(String[] args) in /src/Program.cs:line 7",
        "System.InvalidOperationException",
        "cannot sell",
    ),
    "dotnet, asynchronous": Sample(
        "System.TimeoutException: too slow\n"
        "   at Shop.Api.Call()\n"
        "--- End of stack trace from previous location ---\n"
        "   at Shop.Api.Retry()",
        "System.TimeoutException",
        "too slow",
    ),
    "php": Sample(
        "PHP Fatal error:  Uncaught RuntimeException: no tea in stock in /srv/shop/Cart.php:31\n"
        "Stack trace:\n"
        "#0 /srv/shop/Cart.php(12): Shop\\Cart->sell('tea')\n"
        "#1 [internal function]: Shop\\Cart->serve()\n"
        "#2 {main}\n"
        "  thrown in /srv/shop/Cart.php on line 31",
        "RuntimeException",
        "no tea in stock",
    ),
    "php, chained": Sample(
        "PDOException: gone away in /srv/shop/Db.php:9\n"
        "Stack trace:\n"
        "#0 /srv/shop/Cart.php(12): Shop\\Db->ask()\n"
        "#1 {main}\n"
        "\n"
        "Next Shop\\CartException: cannot load in /srv/shop/Cart.php:14\n"
        "Stack trace:\n"
        "#0 {main}",
        "PDOException",
        "gone away",
    ),
    "dart": Sample(
        "Unhandled exception:\n"
        "FormatException: no number: tea\n"
        "#0      parsePrice (package:shop/price.dart:8:5)\n"
        "<asynchronous suspension>\n"
        "#1      main (file:///srv/shop/bin/shop.dart:3:3)",
        "FormatException",
        "no number: tea",
    ),
    "erlang": Sample(
        "=ERROR REPORT==== 21-Nov-2026::06:24:28.116000 ===\n"
        "Error in process <0.91.0> with exit value:\n"
        "{badarith,[{shop,price,1,[{file,\"shop.erl\"},{line,7}]},\n"
        "           {shop,serve,0,[{file,\"shop.erl\"},{line,12}]}]}",
        "badarith",
        None,
    ),
    "elixir": Sample(
        "** (KeyError) key :tea not found in: %{}\n"
        "    (shop 0.1.0) lib/shop/stock.ex:11: Shop.Stock.take/2\n"
        "    (stdlib 5.0) gen_server.erl:1113: :gen_server.try_handle_call/4",
        "KeyError",
        "key :tea not found in: %{}",
    ),
    "kotlin": Sample(
        "Exception in thread \"main\" kotlin.KotlinNullPointerException\n"
        "\tat shop.CartKt.sell(Cart.kt:7)\n"
        "\tat shop.CartKt$main$1.invokeSuspend(Cart.kt:12)\n"
        "\tSuppressed: kotlinx.coroutines.internal.DiagnosticCoroutineContextException: [main]",
        "kotlin.KotlinNullPointerException",
        None,
    ),
    "scala": Sample(
        "scala.MatchError: tea (of class java.lang.String)\n"
        "\tat shop.Cart$.$anonfun$sell$1(Cart.scala:9)\n"
        "\tat scala.collection.immutable.List.foreach(List.scala:333)\n"
        "Caused by: java.util.NoSuchElementException: None.get\n"
        "\t... 14 more",
        "scala.MatchError",
        "tea (of class java.lang.String)",
    ),
    "java, root cause first": Sample(
        "java.io.IOException: disk\n"
        "\tat shop.Disk.read(Disk.java:3)\n"
        "Wrapped by: java.lang.RuntimeException: cannot load\n"
        "\t... 3 common frames omitted",
        "java.io.IOException",
        "disk",
    ),
}  # fmt: skip

ORDINARY = (
    "ready to serve",
    "listening on port 8080",
    "user ada bought tea (2 cups)",
    "cache: 17 hits, 3 misses",
    "at last, everything is fine",
    "Next job: tidy up",
    "retry(3) of fetch",
    "the panic is over",
    "- tea",
    "GET /cart 200 12ms",
    "note: prices are net",
    "Caused no trouble",
    "=> done",
    "thread pool has 4 workers",
    "#tea is popular today",
    "process 4711 exited",
    "Error count: 0",
    "=== summary ===",
)
"""Lines of programs that write neither time nor level, as they may follow a trace."""
