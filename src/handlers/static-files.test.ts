import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeExchange } from "./fake-exchange.ts";
import { SiteFixture } from "./fake-site.ts";
import { staticFiles } from "./static-files.ts";

// Goal: the public function checks its arguments at once, and serves. How: the real wiring, but for
// the response of a large file, which needs nothing prepared.

describe("staticFiles", () => {
  it("a directory: serves its files", async () => {
    using fixture = new SiteFixture({ "a.bin": "0123456789" });
    const handler = staticFiles(fixture.root, { cacheFileLimitBytes: 5 });
    const exchange = new FakeExchange({ target: "/a.bin" });
    await handler(exchange);
    assert.deepEqual([exchange.status, exchange.text], [200, "0123456789"]);
  });

  it("a directory that is not there: throws when the handler is made", () => {
    assert.throws(() => staticFiles("/nonexistent/root"), /"\/nonexistent\/root"/);
  });

  it("a wrong option: throws when the handler is made", () => {
    using fixture = new SiteFixture({});
    assert.throws(() => staticFiles(fixture.root, { cacheTrustMs: -1 }), RangeError);
  });
});
