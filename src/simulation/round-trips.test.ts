import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { systemById } from "../tcp/system-catalogue.ts";
import { TcpScene } from "./fake-scene.ts";
import { RoundTrips } from "./round-trips.ts";
import { behaviorOf, LINUX } from "./system-behavior.ts";

// Goal: nobody is asked again too early, and what was sent twice is not taken for one round. How:
// rounds by hand, and connections whose way becomes longer or slower.

const BSD = behaviorOf(systemById("freebsd-2"));

describe("RoundTrips", () => {
  for (const [name, { retryTimes }, expected] of [
    ["Linux", LINUX, [1_000, 252, 252, 504]],
    ["4.4BSD", BSD, [6_000, 1_000, 1_000, 2_000]],
  ] as const) {
    it(`${name}: before a round, behind rounds of 50 ms, behind a time-out: ${expected}`, () => {
      const rounds = new RoundTrips(retryTimes);
      const seen = [rounds.timeoutMs];
      for (let count = 0; count < 20; count += 1) rounds.note(50);
      seen.push(rounds.timeoutMs);
      rounds.note(50);
      seen.push(rounds.timeoutMs);
      rounds.noteTimeout();
      seen.push(rounds.timeoutMs);
      assert.deepEqual(seen, expected);
    });
  }

  it("a time-out stays doubled until a round is measured, up to the longest", () => {
    const rounds = new RoundTrips(LINUX.retryTimes);
    rounds.note(50);
    for (let count = 0; count < 30; count += 1) rounds.noteTimeout();
    assert.equal(rounds.timeoutMs, 120_000);
    rounds.note(50);
    assert.equal(rounds.timeoutMs, 252);
  });

  it("pauses between probes: double, and are single again once there is room", () => {
    const rounds = new RoundTrips(BSD.retryTimes);
    rounds.note(50);
    const seen: number[] = [];
    for (let count = 0; count < 6; count += 1) {
      seen.push(rounds.probePauseMs);
      rounds.noteProbe();
    }
    assert.deepEqual(seen, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    assert.ok(rounds.isProbePauseLongest);
    rounds.noteOpenWindow();
    assert.equal(rounds.probePauseMs, 5_000);
  });
});

describe("a connection", () => {
  it("way of 3 s: the first data is sent twice, and all later data once", () => {
    const scene = new TcpScene({ link: { delayMs: 1_500 } });
    const { client, server } = scene.connect();
    scene.advance(60_000);
    server.write(1_000);
    scene.advance(60_000);
    const before = scene.countSent(/ s PSH/);
    // What was sent twice has measured nothing, so the time-out has stayed doubled.
    server.write(1_000);
    scene.advance(60_000);
    assert.deepEqual([before, scene.countSent(/ s PSH/), client.receivedBytes], [2, 3, 2_000]);
  });

  it("a slow link with a long queue: nothing is sent again", () => {
    const scene = new TcpScene({ link: { delayMs: 100, bytesPerSecond: 8_000 } });
    const { client, server } = scene.connect();
    client.write(80_000);
    scene.advance(60_000);
    assert.equal(server.receivedBytes, 80_000);
    const bytes = [...scene.segments].reduce((sum, text) => {
      const [, from = "0", to = "0"] = / c PSH (\d+):(\d+)/.exec(text) ?? [];
      return sum + Number(to) - Number(from);
    }, 0);
    assert.equal(bytes, 80_000);
  });
});

describe("an orphan whose peer keeps its window closed", () => {
  it("4.4BSD: stays for as long as the peer answers", () => {
    const scene = new TcpScene({ server: BSD });
    const { client, server } = scene.connect();
    client.isReading = false;
    server.write(200_000);
    scene.advance(2_000);
    server.endpoint.close();
    scene.advance(86_400_000);
    assert.equal(scene.serverHost.endpointCount, 1);
  });
});
