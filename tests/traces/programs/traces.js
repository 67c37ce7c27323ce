// Ends with the stack trace that its argument names.
"use strict";

function deep(depth) {
  if (depth === 0) throw new TypeError("no stock");
  deep(depth - 1);
}

const variants = {
  uncaught: () => deep(2),
  cause() {
    try {
      deep(1);
    } catch (cause) {
      throw new Error("cannot sell", { cause });
    }
  },
  code: () => require("node:fs").readFileSync("/nowhere/at/all"),
  rejected: () => Promise.reject(new RangeError("too many")),
  aggregate: () => Promise.any([Promise.reject(new Error("a")), Promise.reject(new Error("b"))]),
  message() {
    throw new Error("first line\nsecond line");
  },
  text() {
    throw "only a text";
  },
  parsed: () => JSON.parse('{"a":1,}'),
  emitted: () => new (require("node:events"))().emit("error", new Error("no stock")),
  worker() {
    const { Worker } = require("node:worker_threads");
    new Worker("throw new TypeError('no stock')", { eval: true });
  },
  object() {
    throw { code: 7 };
  },
  warned: () => process.emitWarning("no stock"),
  logged() {
    try {
      deep(1);
    } catch (error) {
      console.error("2026-11-21T06:24:28.000Z ERROR cannot load:", error);
    }
  },
  printed() {
    try {
      variants.cause();
    } catch (error) {
      console.error(error);
    }
  },
  missing: () => require("./nothing-of-that-name"),
};

variants[process.argv[2]]();
