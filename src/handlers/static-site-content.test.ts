import assert from "node:assert/strict";
import { truncateSync, utimesSync } from "node:fs";
import { describe, it } from "vitest";
import { FakeExchange } from "./fake-exchange.ts";
import { SiteFixture } from "./fake-site.ts";
import type { StaticFilesOptions } from "./static-options.ts";

// Goal: conditions, ranges and codings of a whole response, alike from memory and from the disk.
// How: every case runs with a cache that holds the files and with one that holds none.

const CONTENT = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));
const MODIFIED = "Sun, 09 Sep 2001 01:46:40 GMT";
const MODIFIED_S = 1_000_000_000;

type Fields = readonly (readonly [string, string])[];

function fixtureOf(options: StaticFilesOptions = {}): SiteFixture {
  const fixture = new SiteFixture({ "a.bin": CONTENT }, options);
  utimesSync(fixture.path("a.bin"), MODIFIED_S, MODIFIED_S);
  return fixture;
}

async function ask(
  fixture: SiteFixture,
  fields: Fields,
  method = "GET",
  target = "/a.bin",
): Promise<FakeExchange> {
  const exchange = await fixture.request({ method, target, fields });
  assert.equal(fixture.openFileCount(), 0);
  return exchange;
}

interface Part {
  readonly fields: string;
  readonly content: Buffer;
}

/** Takes a multipart body apart, strictly. RFC 2046 §5.1.1. */
function partsOf(exchange: FakeExchange): readonly Part[] {
  const type = exchange.field("Content-Type") ?? "";
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(type)?.[1] ?? "";
  const body = exchange.content.toString("latin1");
  const end = `\r\n--${boundary}--\r\n`;
  assert.ok(boundary !== "" && body.startsWith(`--${boundary}\r\n`) && body.endsWith(end));
  const inner = body.slice(boundary.length + 4, -end.length);
  return inner.split(`\r\n--${boundary}\r\n`).map((part) => {
    const headEnd = part.indexOf("\r\n\r\n");
    const content = Buffer.from(part.slice(headEnd + 4), "latin1");
    return { fields: part.slice(0, headEnd), content };
  });
}

for (const [source, options] of [
  ["memory", {}],
  ["disk", { cacheFileLimitBytes: 0 }],
] as const) {
  describe(`ranges from ${source}`, () => {
    for (const [range, first, last] of [
      ["bytes=0-0", 0, 0],
      ["bytes=10-19", 10, 19],
      ["bytes=990-", 990, 999],
      ["bytes=-10", 990, 999],
      ["bytes=0-5,3-9", 0, 9],
    ] as const) {
      it(`${range}: 206 with bytes ${first} to ${last}`, async () => {
        using fixture = fixtureOf(options);
        const exchange = await ask(fixture, [["Range", range]]);
        assert.equal(exchange.status, 206);
        assert.equal(exchange.field("Content-Range"), `bytes ${first}-${last}/1000`);
        assert.equal(exchange.field("Content-Type"), "application/octet-stream");
        assert.equal(exchange.announcedBytes, last - first + 1);
        assert.ok(exchange.content.equals(CONTENT.subarray(first, last + 1)));
        assert.notEqual(exchange.field("ETag"), undefined);
      });
    }

    it("two ranges: a part each, in the order asked", async () => {
      using fixture = fixtureOf(options);
      const exchange = await ask(fixture, [["Range", "bytes=900-909,0-9,2000-"]]);
      assert.equal(exchange.status, 206);
      assert.equal(exchange.field("Content-Range"), undefined);
      assert.equal(exchange.announcedBytes, exchange.content.byteLength);
      assert.deepEqual(
        partsOf(exchange).map(({ fields, content }) => [fields, content.toString("hex")]),
        [
          [900, 909],
          [0, 9],
        ].map(([first = 0, last = 0]) => [
          `Content-Type: application/octet-stream\r\nContent-Range: bytes ${first}-${last}/1000`,
          CONTENT.subarray(first, last + 1).toString("hex"),
        ]),
      );
    });

    it("out of range: 416 with the length", async () => {
      using fixture = fixtureOf(options);
      const exchange = await ask(fixture, [["Range", "bytes=1000-"]]);
      assert.deepEqual([exchange.status, exchange.field("Content-Range")], [416, "bytes */1000"]);
    });

    it("malformed, too many, or with HEAD: the whole", async () => {
      using fixture = fixtureOf(options);
      const many = Array.from({ length: 70 }, (_, index) => `${index}-${index}`).join(",");
      for (const range of ["bytes=x", "lines=0-1", `bytes=${many}`]) {
        const exchange = await ask(fixture, [["Range", range]]);
        assert.deepEqual([exchange.status, exchange.content.byteLength], [200, 1_000]);
      }
      const head = await ask(fixture, [["Range", "bytes=0-1"]], "HEAD");
      assert.deepEqual([head.status, head.announcedBytes], [200, 1_000]);
    });
  });

  describe(`conditions from ${source}`, () => {
    it("If-None-Match, GET and HEAD: 304 with what guides caches", async () => {
      using fixture = fixtureOf({ ...options, cacheControl: "max-age=60" });
      const etag = (await ask(fixture, [])).field("ETag") ?? "";
      for (const method of ["GET", "HEAD"]) {
        const exchange = await ask(fixture, [["If-None-Match", `"x", ${etag}`]], method);
        assert.equal(exchange.status, 304);
        assert.deepEqual(exchange.responseFields, [
          ["ETag", etag],
          ["Cache-Control", "max-age=60"],
        ]);
        assert.equal(exchange.content.byteLength, 0);
      }
      assert.equal((await ask(fixture, [["If-None-Match", '"x"']])).status, 200);
    });

    it("If-Modified-Since: 304 up to the second, also without tags", async () => {
      using fixture = fixtureOf({ ...options, etag: false });
      const exchange = await ask(fixture, [["If-Modified-Since", MODIFIED]]);
      assert.equal(exchange.status, 304);
      assert.deepEqual(exchange.responseFields, [["Last-Modified", MODIFIED]]);
      const before = await ask(fixture, [["If-Modified-Since", "Sun, 09 Sep 2001 01:46:39 GMT"]]);
      assert.deepEqual([before.status, before.field("ETag")], [200, undefined]);
    });

    it("If-Match and If-Unmodified-Since: 412", async () => {
      using fixture = fixtureOf(options);
      const etag = (await ask(fixture, [])).field("ETag") ?? "";
      assert.equal((await ask(fixture, [["If-Match", '"x"']])).status, 412);
      assert.equal((await ask(fixture, [["If-Match", etag]])).status, 200);
      const since = "Sat, 08 Sep 2001 00:00:00 GMT";
      assert.equal((await ask(fixture, [["If-Unmodified-Since", since]])).status, 412);
      assert.equal((await ask(fixture, [["If-Unmodified-Since", since]], "HEAD")).status, 412);
    });

    it("If-Range: the range if nothing changed, else the whole", async () => {
      using fixture = fixtureOf(options);
      const etag = (await ask(fixture, [])).field("ETag") ?? "";
      for (const [ifRange, status] of [
        [etag, 206],
        ['"x"', 200],
        [`W/${etag}`, 200],
        [MODIFIED, 206],
        ["Sun, 09 Sep 2001 01:46:41 GMT", 200],
        ["nonsense", 200],
      ] as const) {
        const exchange = await ask(fixture, [
          ["Range", "bytes=0-1"],
          ["If-Range", ifRange],
        ]);
        assert.equal(exchange.status, status, ifRange);
      }
      const outOfRange = await ask(fixture, [
        ["Range", "bytes=5000-"],
        ["If-Range", '"x"'],
      ]);
      assert.equal(outOfRange.status, 200);
    });

    it("a condition and a range: the condition comes first", async () => {
      using fixture = fixtureOf(options);
      const exchange = await ask(fixture, [
        ["Range", "bytes=5000-"],
        ["If-None-Match", "*"],
      ]);
      assert.equal(exchange.status, 304);
    });
  });
}

describe("entity tags", () => {
  it("weak: are size and time, and allow no If-Range", async () => {
    using fixture = fixtureOf({ etag: "weak" });
    const etag = (await ask(fixture, [])).field("ETag") ?? "";
    assert.match(etag, /^W\/"3e8-[0-9a-f]+"$/);
    const fields = [["Range", "bytes=0-1"] as const, ["If-Range", etag] as const];
    assert.equal((await ask(fixture, fields)).status, 200);
  });

  it("strong, small: follow the bytes when size and time stay", async () => {
    using fixture = fixtureOf({ cacheTrustMs: 0 });
    fixture.aheadMs = 0;
    const before = (await ask(fixture, [])).field("ETag");
    fixture.write("a.bin", Buffer.alloc(1_000, "x"));
    utimesSync(fixture.path("a.bin"), MODIFIED_S, MODIFIED_S);
    const after = await ask(fixture, []);
    assert.notEqual(after.field("ETag"), before);
    assert.equal(after.text, "x".repeat(1_000));
    fixture.write("a.bin", CONTENT);
    assert.equal((await ask(fixture, [])).field("ETag"), before);
  });

  it("strong, large: are weak until the file has settled", async () => {
    using fixture = fixtureOf({ cacheFileLimitBytes: 0, cacheTrustMs: 0 });
    fixture.aheadMs = 0;
    const early = (await ask(fixture, [])).field("ETag") ?? "";
    fixture.aheadMs = 60_000;
    const late = (await ask(fixture, [])).field("ETag") ?? "";
    assert.match(late, /^"3e8-[0-9a-f]+-[0-9a-f]+"$/);
    assert.equal(early, `W/${late}`);
  });

  it("a file from the future: is not newer than the response", async () => {
    using fixture = fixtureOf();
    const nextYear = Date.now() / 1_000 + 365 * 86_400;
    utimesSync(fixture.path("a.bin"), nextYear, nextYear);
    const modified = (await ask(fixture, [])).field("Last-Modified") ?? "";
    assert.ok(Date.parse(modified) <= Date.now() + fixture.aheadMs);
  });
});

describe("precompressed siblings", () => {
  const FILES = {
    "a.js": "plain",
    "a.js.br": "brotli",
    "a.js.gz": "gzipped",
    "b.js": "only plain",
  };

  async function askFor(acceptEncoding: string | null, options: StaticFilesOptions = {}) {
    using fixture = new SiteFixture(FILES, options);
    for (const name of Object.keys(FILES)) utimesSync(fixture.path(name), MODIFIED_S, MODIFIED_S);
    const fields: Fields = acceptEncoding === null ? [] : [["Accept-Encoding", acceptEncoding]];
    const exchange = await fixture.request({ target: "/a.js", fields });
    assert.equal(fixture.openFileCount(), 0);
    return exchange;
  }

  for (const [acceptEncoding, coding, text] of [
    [null, undefined, "plain"],
    ["gzip, deflate, br, zstd", "br", "brotli"],
    ["gzip", "gzip", "gzipped"],
    ["br;q=0.1, gzip;q=0.2", "gzip", "gzipped"],
    ["*;q=0.5, br;q=0", "gzip", "gzipped"],
    ["deflate", undefined, "plain"],
  ] as const) {
    it(`${acceptEncoding ?? "no Accept-Encoding"}: ${text}`, async () => {
      for (const cacheFileLimitBytes of [0, 100]) {
        const exchange = await askFor(acceptEncoding, { cacheFileLimitBytes });
        assert.deepEqual([exchange.status, exchange.text], [200, text]);
        assert.equal(exchange.field("Content-Encoding"), coding);
        assert.equal(exchange.field("Vary"), "Accept-Encoding");
        assert.equal(exchange.field("Content-Type"), "text/javascript; charset=utf-8");
      }
    });
  }

  it("nothing acceptable: 406", async () => {
    const exchange = await askFor("identity;q=0, deflate");
    assert.deepEqual([exchange.status, exchange.field("Vary")], [406, "Accept-Encoding"]);
  });

  it("every variant: has a tag of its own, even with the same bytes and times", async () => {
    for (const options of [{}, { etag: "weak" }, { cacheFileLimitBytes: 0 }] as const) {
      using fixture = new SiteFixture({ "a.js": "x", "a.js.br": "x", "a.js.gz": "x" }, options);
      for (const name of ["a.js", "a.js.br", "a.js.gz"]) {
        utimesSync(fixture.path(name), MODIFIED_S, MODIFIED_S);
      }
      const tags = new Set<string | undefined>();
      for (const coding of ["br", "gzip", "identity"]) {
        const fields = [["Accept-Encoding", coding]] as const;
        tags.add((await fixture.request({ target: "/a.js", fields })).field("ETag"));
      }
      assert.deepEqual([tags.size, tags.has(undefined)], [3, false]);
    }
  });

  it("a range of a coded variant: is a range of the coded bytes", async () => {
    using fixture = new SiteFixture(FILES);
    const fields = [
      ["Accept-Encoding", "br"],
      ["Range", "bytes=0-1"],
    ] as const;
    const exchange = await fixture.request({ target: "/a.js", fields });
    assert.deepEqual([exchange.text, exchange.field("Content-Range")], ["br", "bytes 0-1/6"]);
    assert.equal(exchange.field("Content-Encoding"), "br");
  });

  it("304: says that the choice depends on Accept-Encoding", async () => {
    using fixture = new SiteFixture(FILES);
    const fields = [
      ["Accept-Encoding", "br"],
      ["If-None-Match", "*"],
    ] as const;
    const exchange = await fixture.request({ target: "/a.js", fields });
    assert.deepEqual([exchange.status, exchange.field("Vary")], [304, "Accept-Encoding"]);
  });

  it("a sibling older than the file: is ignored", async () => {
    using fixture = new SiteFixture(FILES);
    utimesSync(fixture.path("a.js"), MODIFIED_S, MODIFIED_S);
    utimesSync(fixture.path("a.js.br"), MODIFIED_S, MODIFIED_S - 0.001);
    const fields = [["Accept-Encoding", "br, gzip;q=0.5"]] as const;
    const exchange = await fixture.request({ target: "/a.js", fields });
    assert.equal(exchange.text, "gzipped");
  });

  it("no sibling, or the option off: no Vary", async () => {
    using fixture = new SiteFixture(FILES, { precompressed: false });
    const fields = [["Accept-Encoding", "br"]] as const;
    for (const [target, text] of [
      ["/a.js", "plain"],
      ["/b.js", "only plain"],
    ] as const) {
      const exchange = await fixture.request({ target, fields });
      assert.deepEqual([exchange.text, exchange.field("Vary")], [text, undefined]);
    }
  });
});

describe("large files", () => {
  it("shrinking while it is sent: breaks off, and closes the file", async () => {
    using fixture = new SiteFixture({ "big.bin": Buffer.alloc(300_000, "x") });
    const onWrite = (): boolean => {
      truncateSync(fixture.path("big.bin"), 100_000);
      return true;
    };
    const exchange = await fixture.request({ target: "/big.bin", onWrite });
    assert.equal(exchange.announcedBytes, 300_000);
    assert.equal(exchange.abortReason, "content-failed");
    assert.equal(fixture.openFileCount(), 0);
  });

  it("changed since it was last looked at: is described anew", async () => {
    using fixture = new SiteFixture({ "big.bin": Buffer.alloc(300_000, "x") });
    const before = await fixture.request("/big.bin");
    fixture.write("big.bin", Buffer.alloc(200_000, "y"));
    // Within the trust window, so only the open file can tell.
    const fields = [["Range", "bytes=-1"]] as const;
    const after = await fixture.request({ target: "/big.bin", fields });
    assert.equal(after.field("Content-Range"), "bytes 199999-199999/200000");
    assert.notEqual(after.field("ETag"), before.field("ETag"));
    assert.equal(after.text, "y");
    assert.equal(fixture.openFileCount(), 0);
    const range = [["Range", "bytes=250000-"]] as const;
    assert.equal((await fixture.request({ target: "/big.bin", fields: range })).status, 416);
    assert.equal(fixture.openFileCount(), 0);
  });

  it("a peer that stops reading and goes: leaves no open file", async () => {
    using fixture = new SiteFixture({ "big.bin": Buffer.alloc(300_000, "x") });
    const exchange = new FakeExchange({ target: "/big.bin", onWrite: () => false });
    const handled = fixture.site.handle(exchange);
    await exchange.firstWait;
    assert.equal(fixture.openFileCount(), 1);
    exchange.abort("peer-gone");
    await handled;
    assert.equal(fixture.openFileCount(), 0);
    assert.equal(exchange.pieces.length, 1);
  });
});
