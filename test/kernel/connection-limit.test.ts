import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ServerLimits } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { echoTarget, request, type Scene, TEST_TLS, withServer } from "../support/scene.ts";

// Goal: the connection after the last one gets a whole 503, and room that is made can be used. How:
// two connections are kept, a third comes; then one goes, and a fourth comes.

const CASES: Readonly<Record<string, Partial<ServerLimits>>> = {
  connectionLimit: { connectionLimit: 2 },
  connectionLimitPerAddress: { connectionLimitPerAddress: 2 },
};

async function served(scene: Scene, isTls: boolean): Promise<RawClient> {
  const client = await scene.connect({ isTls });
  await client.write(request());
  await client.waitForResponses(1);
  assert.deepEqual(client.statuses, [200]);
  return client;
}

describe("connection limits", () => {
  for (const [name, limits] of Object.entries(CASES)) {
    for (const isTls of [false, true]) {
      it(`third, with ${name} 2${isTls ? " over TLS" : ""}: 503 whole, then FIN`, async () => {
        const options = { handler: echoTarget, limits, ...(isTls ? { tls: TEST_TLS } : {}) };
        await withServer(options, async (scene) => {
          const first = await served(scene, isTls);
          const second = await served(scene, isTls);
          const third = await scene.connect({ isTls });
          await third.write(request());
          await third.waitForResponses(1);
          assert.deepEqual(third.statuses, [503]);
          await third.waitForFin();
          third.halfClose();
          const ending = await scene.endingOf(third);
          const observed = {
            isComplete: third.last.isComplete,
            connection: third.last.fields.get("connection"),
            error: third.error,
            reason: ending.reason,
            outcome: ending.outcome.type,
          };
          const expected = {
            isComplete: true,
            connection: "close",
            error: null,
            reason: "overload",
            outcome: "clean",
          };
          assert.deepEqual(observed, expected);
          second.close();
          await scene.endingOf(second);
          await third.waitFor("the third socket's close", () => third.isClosed);
          await served(scene, isTls);
          await first.write(request());
          await first.waitForResponses(2);
        });
      });
    }
  }

  it("many connections beyond the limit: 64 get 503, further ones are closed at once", async () => {
    const options = { handler: echoTarget, limits: { connectionLimit: 1 } };
    await withServer(options, async (scene) => {
      await served(scene, false);
      const clients = await Promise.all(
        Array.from({ length: 80 }, () => scene.connect({ isReading: true })),
      );
      await Promise.all(clients.map((client) => client.waitForEnd()));
      const refused = clients.filter(({ statuses }) => statuses[0] === 503);
      const silent = clients.filter(({ statuses }) => statuses.length === 0);
      assert.deepEqual([refused.length, silent.length], [64, 16]);
      assert.ok(refused.every(({ completeCount, error }) => completeCount === 1 && error === null));
    });
  });
});
