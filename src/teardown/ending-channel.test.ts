import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it } from "vitest";
import { FakeServer } from "../server/fake-server.ts";
import type { Ending } from "../tcp/ending.ts";
import { ENDING_CHANNEL, publishEnding } from "./ending-channel.ts";

// Goal: programs that subscribe get each ending and its server, others cost nothing.
// How: one ending, published with and without a subscriber.

function sampleEnding(): Ending {
  const peer = new FakeServer(() => {}).connect();
  peer.transport.peerReset();
  return peer.ending;
}

describe(ENDING_CHANNEL, () => {
  it("a subscriber, then none: hears of the ending once, with its server", () => {
    const ending = sampleEnding();
    const place = { address: "127.0.0.1", port: 8_080 };
    const heard: unknown[] = [];
    const listener = (message: unknown): void => void heard.push(message);
    subscribe(ENDING_CHANNEL, listener);
    publishEnding(ending, place);
    unsubscribe(ENDING_CHANNEL, listener);
    publishEnding(ending, place);
    assert.deepEqual(heard, [{ ending, server: place }]);
  });
});
