import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { NAMESPACE_NOTE, runInNamespace } from "../support/namespace.ts";
import { note, request, TEST_TLS, withServer } from "../support/scene.ts";
import { KERNEL_NOTE } from "../support/socket-table.ts";

// Goal: twenty closes of each kind cost not one RST, by the kernel's own count. How: a process in a
// network namespace of its own plays them; its counter OutRsts is read before and after.

const SCENE = join(import.meta.dirname, "closes-without-reset.scene.ts");
const EXPECTED = { wholeCount: 20, cleanCount: 20, resetCount: 0 };

const KINDS = {
  "tls-close": "twenty TLS closes, answered by close_notify",
  "early-response": "twenty early responses to 600 kB",
  "idle-close": "twenty requests that cross an idle close",
};

describe("closes in their own namespace", () => {
  for (const [kind, title] of Object.entries(KINDS)) {
    it(`${title}: no RST`, async (ctx) => {
      const why = KERNEL_NOTE ?? NAMESPACE_NOTE;
      if (why !== null) return ctx.skip(why);
      assert.deepEqual(await runInNamespace(SCENE, [kind, "lingering"]), EXPECTED);
    });
  }

  it("the same with mode off: RSTs, so the counter can see them", async (ctx) => {
    const why = KERNEL_NOTE ?? NAMESPACE_NOTE;
    if (why !== null) return ctx.skip(why);
    for (const kind of Object.keys(KINDS)) {
      const observed = await runInNamespace(SCENE, [kind, "off"]);
      note(`mode off, ${kind}: ${JSON.stringify(observed)}`);
      assert.notDeepEqual(observed, EXPECTED);
    }
  });

  it("twenty TLS closes without a namespace: no client sees an error", async () => {
    const options = {
      tls: TEST_TLS,
      handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
    };
    await withServer(options, async (scene) => {
      for (let count = 0; count < 20; count++) {
        const client = await scene.connect({ isTls: true });
        await client.write(request());
        await client.waitForFin();
        client.halfClose();
        const ending = await scene.endingOf(client);
        assert.equal(ending.outcome.type, "clean");
        assert.equal(client.error, null);
        assert.equal(client.last.text, "bye");
      }
    });
  });
});
