import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ServeOptions } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { echoTarget, request, type Scene, withServer } from "../support/scene.ts";

// Goal: known and learned clients lose persistence and nothing else, over real sockets. How: agents
// of 1996 and today ask; a kind of client that never answers our FIN is met until it is known.

const agent = (text: string, fields: readonly string[] = []): string =>
  request("GET /", [`User-Agent: ${text}`, ...fields]);

/** What the first response says about persistence. */
async function firstAnswer(scene: Scene, text: string): Promise<string> {
  const client = await scene.connect();
  await client.write(text);
  await client.waitForResponses(1);
  assert.deepEqual(client.statuses, [200]);
  const connection = client.last.fields.get("connection") ?? "";
  client.close();
  return connection;
}

const BROKEN = [
  "Mozilla/3.01 (X11; I; FreeBSD 2.1.5-RELEASE i386)",
  "Mozilla/2.02 (X11; I; FreeBSD 2.1.5-RELEASE i386)",
  "Mozilla/3.01Gold (X11; I; SunOS 5.5 sun4m)",
  "Mozilla/2.0 (compatible; MSIE 3.01; Mac_PowerPC)",
  "Mozilla/2.0 (compatible; MSIE 3.01; Windows 95)",
  "Mozilla/4.0 (compatible; MSIE 4.0b2; Windows 95)",
];
const GOOD = [
  "Mozilla/3.01 (Win95; I)",
  "curl/8.5.0",
  "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
];

describe("client rules over sockets", () => {
  for (const text of BROKEN) {
    it(`${text}: is answered with close`, () =>
      withServer({ handler: echoTarget }, async (scene) => {
        assert.equal(await firstAnswer(scene, agent(text)), "close");
      }));
  }

  for (const text of GOOD) {
    it(`${text}: persists`, () =>
      withServer({ handler: echoTarget }, async (scene) => {
        assert.equal(await firstAnswer(scene, agent(text)), "keep-alive");
      }));
  }

  it("a broken one behind a proxy: persists, as the connection is the proxy's", () =>
    withServer({ handler: echoTarget }, async (scene) => {
      const text = agent(BROKEN[0] ?? "", ["Via: 1.0 cache"]);
      assert.equal(await firstAnswer(scene, text), "keep-alive");
    }));

  it("a rule of one's own: is an exception to the shipped ones", () =>
    withServer(
      {
        handler: echoTarget,
        clientRules: [
          { name: "ours", pattern: "FreeBSD", effect: {}, source: "us", found: "2026" },
        ],
      },
      async (scene) => {
        assert.equal(await firstAnswer(scene, agent(BROKEN[0] ?? "")), "keep-alive");
      },
    ));
});

const QUICK: ServeOptions = {
  handler: echoTarget,
  limits: { keepAliveTimeoutMs: 30, keepAliveTimeoutMarginMs: 0 },
  // Without socket options a silent client is known as that when its deadline has passed.
  close: { shortLingerTimeoutMs: 60, finWait2TimeoutMs: 120 },
};

/** Asks once, hears the FIN of the idle close, and does nothing, as the clients of 1996 did. */
async function ignoresFin(scene: Scene): Promise<RawClient> {
  const client = await scene.connect();
  await client.write(agent("Broken/1.0"));
  await client.waitForFin();
  await scene.endingOf(client);
  return client;
}

describe("learned clients over sockets", () => {
  it("enforce: five silent ones are enough, and the next is answered with close", () =>
    withServer(
      { ...QUICK, learnedClients: { mode: "enforce", minimumSample: 5 } },
      async (scene) => {
        for (let count = 0; count < 5; count++) await ignoresFin(scene);
        const [worst] = scene.server.learnedClients;
        const { family, prefix, unansweredCount, isBroken } = worst ?? {};
        assert.deepEqual(
          [family, prefix, Math.round(unansweredCount ?? 0), isBroken],
          ["Broken/1", "127.0.0.0/24", 5, true],
        );
        assert.equal(await firstAnswer(scene, agent("Broken/1.2")), "close");
        assert.notEqual(await firstAnswer(scene, agent("Other/1.0")), "close");
        const [rule] = scene.server.learnedRules;
        assert.deepEqual(
          [rule?.effect, rule?.source.slice(0, 7)],
          [{ persistence: "off" }, "learned"],
        );
      },
    ));

  it("report: is known, and nothing is done about it", () =>
    withServer({ ...QUICK, learnedClients: { minimumSample: 3 } }, async (scene) => {
      for (let count = 0; count < 3; count++) await ignoresFin(scene);
      assert.equal(scene.server.learnedClients[0]?.isBroken, true);
      assert.notEqual(await firstAnswer(scene, agent("Broken/1.0")), "close");
    }));

  it("clients that answer: are never judged broken", () =>
    withServer(
      { ...QUICK, learnedClients: { mode: "enforce", minimumSample: 3 } },
      async (scene) => {
        for (let count = 0; count < 6; count++) {
          const client = await scene.connect();
          await client.write(agent("Polite/1.0"));
          await client.waitForFin();
          client.halfClose();
          await scene.endingOf(client);
        }
        assert.equal(scene.server.learnedClients[0]?.isBroken, false);
        assert.notEqual(await firstAnswer(scene, agent("Polite/1.0")), "close");
      },
    ));
});
