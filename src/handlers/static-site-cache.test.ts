import assert from "node:assert/strict";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { SiteFixture } from "./fake-site.ts";
import { DEFAULT_STATIC_FILES_POLICY } from "./static-options.ts";
import { type Place, ResourceStore } from "./static-resources.ts";
import { FileTree } from "./static-tree.ts";

// Goal: what is in memory is served at once, and never longer than it may be trusted.
// How: the test owns the cache's clock, changes files between requests, and never sleeps.

const TRUST_MS = 20;

describe("the trust window", () => {
  it("inside it: answered synchronously, with what was read", async () => {
    using fixture = new SiteFixture({ "a.txt": "old" });
    const first = await fixture.request("/a.txt");
    fixture.write("a.txt", "newer");
    fixture.nowMs = TRUST_MS - 1;
    const second = fixture.requestSync("/a.txt");
    assert.equal(second.text, "old");
    assert.equal(second.prepared, first.prepared);
    assert.equal(fixture.requestSync({ method: "HEAD", target: "/a.txt" }).announcedBytes, 3);
  });

  it("behind it: the change is noticed", async () => {
    using fixture = new SiteFixture({ "a.txt": "old" });
    await fixture.request("/a.txt");
    fixture.write("a.txt", "newer");
    fixture.nowMs = TRUST_MS;
    assert.throws(() => fixture.requestSync("/a.txt"), /before the handler returns/);
    assert.equal((await fixture.request("/a.txt")).text, "newer");
  });

  it("unchanged behind it: the same response, trusted again", async () => {
    using fixture = new SiteFixture({ "a.txt": "old" });
    const first = await fixture.request("/a.txt");
    fixture.nowMs = TRUST_MS;
    const second = await fixture.request("/a.txt");
    assert.equal(second.prepared, first.prepared);
    fixture.nowMs = 2 * TRUST_MS - 1;
    assert.equal(fixture.requestSync("/a.txt").prepared, first.prepared);
  });

  it("queries and other spellings: hit the same entry", async () => {
    using fixture = new SiteFixture({ "a b.txt": "text", "index.html": "home" });
    const first = await fixture.request("/a%20b.txt");
    for (const target of ["/a%20b.txt?x=1", "/a%20b.txt?", "/%61%20b.txt", "/a%20b%2etxt?y"]) {
      assert.equal(fixture.requestSync(target).prepared, first.prepared);
    }
    await fixture.request("/?utm=1");
    assert.equal(fixture.requestSync("/").text, "home");
  });

  it("conditions, ranges and codings: are answered synchronously too", async () => {
    using fixture = new SiteFixture({ "a.txt": "0123456789", "a.txt.gz": "gz" });
    await fixture.request("/a.txt");
    const ask = (name: string, value: string) =>
      fixture.requestSync({ target: "/a.txt", fields: [[name, value]] });
    assert.equal(ask("If-None-Match", "*").status, 304);
    assert.equal(ask("Range", "bytes=0-1").text, "01");
    assert.equal(ask("Accept-Encoding", "gzip").text, "gz");
  });

  it("0: looks at every request", async () => {
    using fixture = new SiteFixture({ "a.txt": "1" }, { cacheTrustMs: 0 });
    for (const text of ["1", "22", "333"]) {
      fixture.write("a.txt", text);
      assert.equal((await fixture.request("/a.txt")).text, text);
    }
  });
});

describe("changes", () => {
  it("same size within one tick of the clock: noticed, as the file is not settled", async () => {
    using fixture = new SiteFixture({}, { cacheTrustMs: 0 });
    fixture.aheadMs = 0;
    for (let round = 0; round < 50; round++) {
      const text = String(1_000 + round);
      fixture.write("a.txt", text);
      assert.equal((await fixture.request("/a.txt")).text, text);
    }
  });

  it("removed, then back: 404, then 200", async () => {
    using fixture = new SiteFixture({ "a.txt": "old" }, { cacheTrustMs: 0 });
    await fixture.request("/a.txt");
    rmSync(fixture.path("a.txt"));
    assert.equal((await fixture.request("/a.txt")).status, 404);
    fixture.write("a.txt", "back");
    assert.equal((await fixture.request("/a.txt")).text, "back");
  });

  it("replaced by a directory: redirects", async () => {
    using fixture = new SiteFixture({ a: "file", "b/index.html": "b" }, { cacheTrustMs: 0 });
    await fixture.request("/a");
    rmSync(fixture.path("a"));
    renameSync(fixture.path("b"), fixture.path("a"));
    assert.equal((await fixture.request("/a")).status, 301);
    assert.equal((await fixture.request("/a/")).text, "b");
  });

  it("replaced by a link out of the root: 404", async () => {
    using fixture = new SiteFixture({ "a.txt": "old", "d/x.txt": "old" }, { cacheTrustMs: 0 });
    await fixture.request("/a.txt");
    await fixture.request("/d/x.txt");
    writeFileSync(join(fixture.base, "x.txt"), "secret");
    rmSync(fixture.path("a.txt"));
    rmSync(fixture.path("d"), { recursive: true });
    symlinkSync("../x.txt", fixture.path("a.txt"));
    symlinkSync("..", fixture.path("d"));
    assert.equal((await fixture.request("/a.txt")).status, 404);
    assert.equal((await fixture.request("/d/x.txt")).status, 404);
  });

  it("a sibling that appears, changes and goes: is followed", async () => {
    using fixture = new SiteFixture({ "a.js": "plain" }, { cacheTrustMs: 0 });
    const request = { target: "/a.js", fields: [["Accept-Encoding", "br"]] } as const;
    assert.equal((await fixture.request(request)).text, "plain");
    fixture.write("a.js.br", "brotli");
    assert.equal((await fixture.request(request)).text, "brotli");
    fixture.write("a.js.br", "brotli, again");
    assert.equal((await fixture.request(request)).text, "brotli, again");
    rmSync(fixture.path("a.js.br"));
    const last = await fixture.request(request);
    assert.deepEqual([last.text, last.field("Vary")], ["plain", undefined]);
  });

  it("404.html that appears: is used", async () => {
    using fixture = new SiteFixture({}, { cacheTrustMs: 0 });
    assert.match((await fixture.request("/x")).text, /404 Not Found/);
    fixture.write("404.html", "lost");
    assert.equal((await fixture.request("/x")).text, "lost");
  });
});

describe("limits", () => {
  it("more files than fit: the least recently used is read again", async () => {
    const files = { "a.txt": "a".repeat(1_000), "b.txt": "b".repeat(1_000) };
    using fixture = new SiteFixture(files, { cacheLimitBytes: 5_000 });
    await fixture.request("/a.txt");
    assert.equal(fixture.requestSync("/a.txt").status, 200);
    await fixture.request("/b.txt");
    assert.throws(() => fixture.requestSync("/a.txt"), /before the handler returns/);
  });

  it("no memory at all: every answer is right all the same", async () => {
    using fixture = new SiteFixture({ "a.txt": "text" }, { cacheLimitBytes: 0 });
    const first = await fixture.request("/a.txt");
    const second = await fixture.request("/a.txt");
    assert.deepEqual([first.text, second.text], ["text", "text"]);
    assert.equal(first.field("ETag"), second.field("ETag"));
  });

  it("a file at the limit and one above: from memory and from the disk", async () => {
    using fixture = new SiteFixture(
      { "a.txt": "12345", "b.txt": "123456" },
      { cacheFileLimitBytes: 5 },
    );
    assert.notEqual((await fixture.request("/a.txt")).prepared, null);
    const streamed = await fixture.request("/b.txt");
    assert.deepEqual([streamed.prepared, streamed.text], [null, "123456"]);
  });
});

describe("concurrent requests", () => {
  it("for one path: share one look at the disk", async () => {
    using fixture = new SiteFixture({ "a.txt": "text" });
    const tree = new FileTree(fixture.root, "inside");
    const clock = { now: () => 0, wallNow: () => Date.now() };
    const prepareResponse = (status: number, _: unknown, { byteLength }: Uint8Array) => ({
      status,
      contentBytes: byteLength,
    });
    const store = new ResourceStore(tree, DEFAULT_STATIC_FILES_POLICY, clock, prepareResponse);
    const place: Place = { key: "/a.txt", segments: ["a.txt"], endsWithSlash: false, vary: [] };
    const looks = [store.find(place), store.find(place)];
    assert.equal(looks[0], looks[1]);
    assert.notEqual(store.find({ ...place, key: "/b.txt", segments: ["b.txt"] }), looks[0]);
    const [lookup] = await Promise.all(looks);
    assert.equal(lookup?.type, "resource");
    assert.notEqual(store.trusted("/a.txt"), null);
    assert.notEqual(store.find(place), looks[0]);
  });

  it("a hundred at once, cold: are all answered, and no file stays open", async () => {
    using fixture = new SiteFixture({ "a.txt": "text", "big.bin": Buffer.alloc(200_000) });
    const targets = Array.from(
      { length: 100 },
      (_, index) => ["/a.txt", "/big.bin", "/x"][index % 3],
    );
    const exchanges = await Promise.all(targets.map((target) => fixture.request(target ?? "/")));
    for (const [index, exchange] of exchanges.entries()) {
      assert.equal(exchange.status, [200, 200, 404][index % 3]);
      assert.equal(exchange.isEnded, true);
    }
    assert.equal(fixture.openFileCount(), 0);
  });
});
