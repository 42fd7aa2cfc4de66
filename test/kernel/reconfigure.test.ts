import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ServerNotice } from "../../src/index.ts";
import { poll } from "../support/deadline.ts";
import { echoTarget, request, withServer } from "../support/scene.ts";

// Goal: settings change without a restart, all of a change or nothing, and pressure acts and is
// told. How: one client on a persistent connection before and after each change.

describe("reconfigure", () => {
  it("persistence off and on: counts from the next response, on connections that are open", () =>
    withServer({ handler: echoTarget }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      scene.server.reconfigure({ persistence: "off" });
      await client.write(request());
      await client.waitForFin();
      assert.equal(client.last.fields.get("connection"), "close");
      client.halfClose();
      assert.equal((await scene.endingOf(client)).reason, "persistence-off");
      scene.server.reconfigure({ persistence: "on" });
      const other = await scene.connect();
      await other.write(request());
      await other.waitForResponses(1);
      assert.equal(other.last.fields.get("connection"), "keep-alive");
    }));

  it("a shorter idle time-out: reaches a connection that is idle already", () =>
    withServer({ handler: echoTarget }, async (scene) => {
      const client = await scene.connect();
      await client.write(request());
      await client.waitForResponses(1);
      scene.server.reconfigure({ limits: { keepAliveTimeoutMs: 20, keepAliveTimeoutMarginMs: 0 } });
      await client.waitForFin();
      client.halfClose();
      assert.equal((await scene.endingOf(client)).reason, "idle-timeout");
    }));

  it("one bad value among good ones: nothing changes", () =>
    withServer({ handler: echoTarget }, (scene) => {
      const before = scene.server.settings;
      const change = (): void =>
        scene.server.reconfigure({
          persistence: "off",
          close: { lingerIdleTimeoutMs: 1 },
          limits: { requestLimit: -1 },
        });
      assert.throws(change, /^RangeError: Cannot use requestLimit -1: /);
      assert.deepEqual(scene.server.settings, before);
      const bad = { name: "x", pattern: "(", effect: {}, source: "us", found: "2026" };
      assert.throws(
        () => scene.server.reconfigure({ persistence: "off", clientRules: [bad] }),
        RangeError,
      );
      assert.deepEqual(scene.server.settings, before);
      return Promise.resolve();
    }));
});

describe("pressure", () => {
  it("most connections in use: persistence goes off, which is told, and comes back", async () => {
    const notices: ServerNotice[] = [];
    const options = {
      handler: echoTarget,
      limits: { connectionLimit: 4 },
      onNotice: (notice: ServerNotice) => notices.push(notice),
    };
    await withServer(options, async (scene) => {
      const client = await scene.connect();
      const others = await Promise.all(Array.from({ length: 3 }, () => scene.connect()));
      // The level is looked at once a second.
      await poll("pressure", () => scene.server.pressure === "no-persistence");
      await client.write(request());
      await client.waitForFin();
      assert.equal(client.last.fields.get("connection"), "close");
      for (const other of [client, ...others]) other.close();
      await poll("its end", () => scene.server.pressure === "none");
      const levels = notices.flatMap((notice) => (notice.type === "pressure" ? [notice] : []));
      const told = levels.map(({ level, source, usedPercent }) => [level, source, usedPercent]);
      assert.ok(
        told.some((each) => `${each}` === "no-persistence,connections,100"),
        `${told}`,
      );
      assert.equal(levels.at(-1)?.level, "none");
    });
  });
});
