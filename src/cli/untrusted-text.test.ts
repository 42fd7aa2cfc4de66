import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { markupText, printable } from "./untrusted-text.ts";

// Goal: a hostile server has no say over the terminal or the page. How: what has a meaning there.

describe("printable", () => {
  it("escape sequences, line ends and C1 controls: a mark in their place", () => {
    assert.equal(printable("a\x1b[2Jb\r\nc\x9bd\x07e"), "a\ufffd[2Jb\ufffd\ufffdc\ufffdd\ufffde");
  });

  it("bidirectional overrides and halves of pairs: a mark, and whole pairs stay", () => {
    assert.equal(printable("a\u202eb\ud800c\u{1f600}"), "a\ufffdb\ufffdc\u{1f600}");
  });

  it("an endless line: cut", () => {
    assert.equal(printable("x".repeat(70_000)), `${"x".repeat(300)}...`);
  });
});

describe("markupText", () => {
  it("markup: shown as it is written", () => {
    assert.equal(
      markupText(`<script>alert("1" & '2')</script>`),
      "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;",
    );
  });

  it("what XML 1.0 cannot hold: a mark", () => {
    assert.equal(markupText("\x00\x0b\ufffe"), "\ufffd\ufffd\ufffd");
  });
});
