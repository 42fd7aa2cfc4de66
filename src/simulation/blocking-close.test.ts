import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { DELAY_MS, type ReadingUser, TcpScene } from "./fake-scene.ts";
import { LINUX } from "./system-behavior.ts";

// Goal: close() with SO_LINGER waits for the peer and no longer than it is told. How: how long it
// took, in connections of 25 ms each way. What the kernel does: test/simulation/truth.test.ts.

interface Close {
  tookMs: number | null;
}

function closeBlocking(scene: TcpScene, user: ReadingUser, timeoutMs: number): Close {
  const close: Close = { tookMs: null };
  const calledAtMs = scene.world.nowMs;
  user.endpoint.closeBlocking(timeoutMs, () => {
    close.tookMs = scene.world.nowMs - calledAtMs;
  });
  return close;
}

describe("close() with SO_LINGER", () => {
  it("a peer that reads: takes one round, and leaves an orphan in FIN-WAIT-2", () => {
    const scene = new TcpScene();
    const { server } = scene.connect();
    const close = closeBlocking(scene, server, 30_000);
    scene.advance(DELAY_MS);
    assert.equal(scene.serverHost.usedBytes, LINUX.memory.ownedBytes);
    scene.advance(1_000);
    assert.equal(close.tookMs, 2 * DELAY_MS);
    assert.equal(scene.serverHost.usedBytes, LINUX.memory.finWait2Bytes);
    scene.advance(62_100);
    assert.equal(scene.serverHost.endpointCount, 0);
  });

  it("a peer that does not read: takes its time, and then all still arrives", () => {
    const scene = new TcpScene();
    const { client, server } = scene.connect();
    client.isReading = false;
    server.write(200_000);
    const close = closeBlocking(scene, server, 5_000);
    scene.advance(10_000);
    assert.equal(close.tookMs, 5_000);
    assert.deepEqual([server.endpoint.state, server.endpoint.isOwned], ["fin-wait-1", false]);
    client.isReading = true;
    client.read();
    scene.advance(60_000);
    assert.deepEqual([client.receivedBytes, client.isAtEnd], [200_000, true]);
  });

  it("0 s: RST at once", () => {
    const scene = new TcpScene();
    const { client, server } = scene.connect();
    server.write(1_000);
    const close = closeBlocking(scene, server, 0);
    scene.advance(1_000);
    assert.equal(close.tookMs, 0);
    assert.deepEqual([client.receivedBytes, client.endpoint.error], [1_000, "ECONNRESET"]);
  });

  it("RST while it waits: returns, and nothing is left", () => {
    const scene = new TcpScene();
    const { client, server } = scene.connect();
    client.isReading = false;
    server.write(200_000);
    const close = closeBlocking(scene, server, 30_000);
    scene.advance(1_000);
    client.endpoint.abort();
    scene.advance(1_000);
    assert.equal(close.tookMs, 1_000 + DELAY_MS);
    assert.deepEqual([scene.serverHost.endpointCount, scene.serverHost.usedBytes], [0, 0]);
  });

  it("the peer is gone: returns after its time, and the orphan ends with its own limit", () => {
    const scene = new TcpScene();
    const { server } = scene.connect();
    scene.clientHost.wayIn.cut();
    const close = closeBlocking(scene, server, 2_000);
    scene.advance(200_000);
    assert.equal(close.tookMs, 2_000);
    assert.equal(scene.serverHost.endpointCount, 0);
  });
});
