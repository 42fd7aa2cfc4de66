import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { FakeExchange } from "./fake-exchange.ts";
import { SiteFixture } from "./fake-site.ts";
import type { StaticFilesOptions } from "./static-options.ts";

// Goal: which answer a target gets, before ranges and conditions come into play.
// How: a site over a small real directory, one request each.

const FILES = {
  "index.html": "<h1>home</h1>",
  "a.txt": "text a",
  "sub/index.html": "sub index",
  "sub/deep/x.json": "{}",
  "empty/.keep": "",
  ".git/config": "secret",
  ".well-known/security.txt": "contact",
  "name with space & \u00fc.txt": "odd",
};

async function answer(
  target: string,
  options: StaticFilesOptions = {},
  files: Readonly<Record<string, string>> = FILES,
): Promise<FakeExchange> {
  using fixture = new SiteFixture(files, options);
  return await fixture.request(target);
}

describe("files", () => {
  it("a file: comes with its type, length and validators", async () => {
    const exchange = await answer("/a.txt", { cacheControl: "max-age=60" });
    assert.deepEqual([exchange.status, exchange.text], [200, "text a"]);
    assert.equal(exchange.field("Content-Type"), "text/plain; charset=utf-8");
    assert.equal(exchange.field("X-Content-Type-Options"), "nosniff");
    assert.equal(exchange.field("Accept-Ranges"), "bytes");
    assert.equal(exchange.field("Cache-Control"), "max-age=60");
    assert.match(exchange.field("ETag") ?? "", /^"[\w-]{27}"$/);
    assert.match(exchange.field("Last-Modified") ?? "", /GMT$/);
    assert.equal(exchange.field("Vary"), undefined);
  });

  it("HEAD: has the fields of GET, and no content", async () => {
    using fixture = new SiteFixture(
      { "a.txt": "text a", "b.bin": "x".repeat(100) },
      {
        cacheFileLimitBytes: 50,
      },
    );
    for (const target of ["/a.txt", "/b.bin"]) {
      const get = await fixture.request(target);
      const head = await fixture.request({ method: "HEAD", target });
      assert.deepEqual(head.responseFields, get.responseFields);
      assert.deepEqual([head.status, head.announcedBytes], [200, get.content.byteLength]);
      assert.equal(head.content.byteLength, 0);
      assert.equal(head.isEnded, true);
    }
  });

  it("an empty file: is a 200 of no bytes", async () => {
    for (const cacheFileLimitBytes of [0, 100]) {
      const exchange = await answer("/e.txt", { cacheFileLimitBytes }, { "e.txt": "" });
      assert.deepEqual([exchange.status, exchange.announcedBytes], [200, 0]);
      assert.equal(exchange.isEnded, true);
    }
  });

  it("encoded names: are found under every spelling", async () => {
    for (const target of [
      "/name%20with%20space%20&%20%C3%BC.txt",
      "/name%20with%20space%20%26%20%c3%bc.txt?query",
      "/%6eame%20with%20space%20&%20%C3%BC.txt",
    ]) {
      assert.equal((await answer(target)).text, "odd");
    }
  });

  it("absolute-form: is answered from its path", async () => {
    using fixture = new SiteFixture(FILES);
    const target = "http://elsewhere.test/a.txt?b";
    const exchange = await fixture.request({ target, targetForm: "absolute" });
    assert.equal(exchange.text, "text a");
    assert.equal(fixture.requestSync({ target, targetForm: "absolute" }).text, "text a");
  });

  it("a file with a slash behind it: is not there", async () => {
    using fixture = new SiteFixture(FILES);
    assert.equal((await fixture.request("/a.txt/")).status, 404);
    assert.equal((await fixture.request("/a.txt/b")).status, 404);
    assert.equal(fixture.openFileCount(), 0);
  });
});

describe("directories", () => {
  it("with index.html: answered with it", async () => {
    assert.equal((await answer("/")).text, "<h1>home</h1>");
    assert.equal((await answer("/sub/?x=1")).text, "sub index");
  });

  for (const [target, location] of [
    ["/sub", "/sub/"],
    ["/sub?a=b&c=/d", "/sub/?a=b&c=/d"],
    ["/sub/deep", "/sub/deep/"],
    ["/%73ub", "/sub/"],
  ] as const) {
    it(`${target}: redirects to ${location}`, async () => {
      const exchange = await answer(target);
      assert.deepEqual([exchange.status, exchange.field("Location")], [301, location]);
    });
  }

  for (const target of [
    "//sub",
    "//evil.example/..",
    "/\\evil",
    "/%2fevil",
    "//sub/deep",
    "/sub//deep",
  ]) {
    it(`${target}: is never a redirect`, async () => {
      const exchange = await answer(target);
      assert.equal(exchange.field("Location"), undefined);
      assert.ok(exchange.status === 400 || exchange.status === 404);
    });
  }

  it("without index.html: 404, or a listing if that is on", async () => {
    assert.equal((await answer("/sub/deep/")).status, 404);
    const listed = await answer("/sub/deep/", { listing: true });
    assert.equal(listed.status, 200);
    assert.ok(listed.text.includes('href="./x.json"'));
    assert.equal(listed.field("Content-Type"), "text/html; charset=utf-8");
    assert.match(listed.field("Content-Security-Policy") ?? "", /default-src 'none'/);
    assert.equal((await answer("/sub/", { listing: true })).text, "sub index");
    assert.equal((await answer("/sub/deep", { listing: true })).status, 301);
  });

  it("index.html that is a directory or FIFO: counts as absent", async () => {
    using fixture = new SiteFixture({ "d/index.html/x": "" });
    mkdirSync(fixture.path("f"));
    execFileSync("mkfifo", [fixture.path("f/index.html")]);
    assert.equal((await fixture.request("/d/")).status, 404);
    assert.equal((await fixture.request("/f/")).status, 404);
  });
});

describe("methods", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "MKCOL"]) {
    it(`${method}: 405 at once, with the body unread`, () => {
      using fixture = new SiteFixture(FILES);
      const exchange = fixture.requestSync({ method, target: "/a.txt" });
      assert.deepEqual([exchange.status, exchange.field("Allow")], [405, "GET, HEAD, OPTIONS"]);
    });
  }

  it("OPTIONS, also of *: 204 with the methods", () => {
    using fixture = new SiteFixture(FILES);
    for (const request of [
      { method: "OPTIONS", target: "/a.txt" },
      { method: "OPTIONS", target: "*", targetForm: "asterisk" as const },
    ]) {
      const exchange = fixture.requestSync(request);
      assert.deepEqual([exchange.status, exchange.field("Allow")], [204, "GET, HEAD, OPTIONS"]);
    }
  });
});

describe("names that are not served", () => {
  for (const [target, status] of [
    ["/absent", 404],
    ["/.git/config", 404],
    ["/%2egit/config", 404],
    ["/.well-known/security.txt", 200],
    ["/../root/a.txt", 400],
    ["/%2e%2e/root/a.txt", 400],
    ["/sub/..%2fa.txt", 400],
    ["/sub%5c..%5ca.txt", 400],
    ["/a.txt%00", 400],
    ["/a.txt%", 400],
    ["/%ff", 400],
    [`/${"x".repeat(5_000)}`, 404],
  ] as const) {
    it(`${target.slice(0, 30)}: ${status}`, async () => {
      assert.equal((await answer(target)).status, status);
    });
  }

  it("dotfiles: are served if asked for", async () => {
    assert.equal((await answer("/.git/config", { dotfiles: true })).text, "secret");
  });

  it("a link out of the root: 404, and 200 if links may be followed", async () => {
    for (const [symlinks, status] of [
      ["inside", 404],
      ["refuse", 404],
      ["follow", 200],
    ] as const) {
      using fixture = new SiteFixture({}, { symlinks });
      writeFileSync(join(fixture.base, "secret.txt"), "secret");
      symlinkSync("../secret.txt", fixture.path("link.txt"));
      assert.equal((await fixture.request("/link.txt")).status, status);
    }
  });

  it("a FIFO: 404 at once", async () => {
    using fixture = new SiteFixture({});
    execFileSync("mkfifo", [fixture.path("fifo")]);
    assert.equal((await fixture.request("/fifo")).status, 404);
  });
});

describe("not found", () => {
  it("without a page of the site: a built-in one that repeats nothing of the request", async () => {
    const exchange = await answer("/absent<b>", {}, {});
    assert.equal(exchange.status, 404);
    assert.equal(exchange.field("Content-Type"), "text/html; charset=utf-8");
    assert.ok(exchange.text.includes("404 Not Found") && !exchange.text.includes("absent"));
  });

  it("with 404.html: that page, without validators, under 404", async () => {
    const files = { "404.html": "<p>lost</p>" };
    const exchange = await answer("/absent", { cacheControl: "max-age=60" }, files);
    assert.deepEqual([exchange.status, exchange.text], [404, "<p>lost</p>"]);
    assert.equal(exchange.field("Content-Type"), "text/html; charset=utf-8");
    for (const name of ["ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"]) {
      assert.equal(exchange.field(name), undefined);
    }
    assert.equal((await answer("/.git/config", {}, files)).text, "<p>lost</p>");
    assert.equal((await answer("/404.html", {}, files)).status, 200);
  });

  it("a large page, one elsewhere, or none: as configured", async () => {
    const files = { "404.html": "0123456789", "e/lost.html": "elsewhere" };
    assert.equal((await answer("/x", { cacheFileLimitBytes: 5 }, files)).text, "0123456789");
    assert.equal((await answer("/x", { notFoundPage: "/e/lost.html" }, files)).text, "elsewhere");
    assert.match((await answer("/x", { notFoundPage: false }, files)).text, /404 Not Found/);
  });

  it("conditions and ranges: do not touch a 404", async () => {
    using fixture = new SiteFixture({ "404.html": "lost" });
    const fields = [
      ["If-None-Match", "*"],
      ["Range", "bytes=0-1"],
      ["If-Match", '"x"'],
    ] as const;
    const exchange = await fixture.request({ target: "/absent", fields });
    assert.deepEqual([exchange.status, exchange.text], [404, "lost"]);
  });
});

describe("spa", () => {
  const spa = { spa: true };

  for (const [target, status] of [
    ["/users/7", 200],
    ["/users/7?x=a.b", 200],
    ["/empty/", 200],
    ["/", 200],
    ["/a.txt", 200],
    ["/sub/", 200],
    ["/missing.js", 404],
    ["/users/missing.png", 404],
    ["/.git/config", 404],
    ["/../x", 400],
    ["//users", 404],
  ] as const) {
    it(`${target}: ${status}`, async () => {
      assert.equal((await answer(target, spa)).status, status);
    });
  }

  it("a view: is the page of the root, and depends on Accept", async () => {
    const exchange = await answer("/users/7", spa);
    assert.equal(exchange.text, "<h1>home</h1>");
    assert.equal(exchange.field("Vary"), "Accept");
    assert.equal((await answer("/", spa)).field("Vary"), undefined);
  });

  it("a script that wants JSON: 404, which depends on Accept too", async () => {
    using fixture = new SiteFixture(FILES, spa);
    const fields = [["Accept", "application/json"]] as const;
    const exchange = await fixture.request({ target: "/api/users", fields });
    assert.deepEqual([exchange.status, exchange.field("Vary")], [404, "Accept"]);
  });

  it("conditions and HEAD: work on the page", async () => {
    using fixture = new SiteFixture(FILES, spa);
    const etag = (await fixture.request("/users/7")).field("ETag") ?? "";
    const fields = [["If-None-Match", etag]] as const;
    assert.equal((await fixture.request({ target: "/users/8", fields })).status, 304);
    assert.equal((await fixture.request({ method: "HEAD", target: "/users/8" })).status, 200);
  });

  it("without index.html: 404", async () => {
    assert.equal((await answer("/users/7", spa, {})).status, 404);
  });
});
