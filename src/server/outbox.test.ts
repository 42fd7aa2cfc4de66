import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { FakeTransport } from "../transport/fake-transport.ts";
import { Outbox, type OutboxHost } from "./outbox.ts";

// Goal: few writes, in order, and counters that are right at every moment. How: an outbox on a fake
// transport that takes everything, or nothing.

const bytes = (text: string): Uint8Array => Buffer.from(text);
const hostOf = (transport: FakeTransport, inFlightCount = 0): OutboxHost => ({
  transport,
  sentBytes: 0,
  inFlightCount,
});

describe("send", () => {
  it("not holding: writes at once", () => {
    const transport = new FakeTransport();
    const host = hostOf(transport);
    const outbox = new Outbox(host);
    outbox.send(bytes("a"));
    outbox.send(bytes("b"));
    assert.deepEqual([transport.text, transport.writes.length, host.sentBytes], ["ab", 2, 2]);
  });

  it("holding: writes once, on release", () => {
    const transport = new FakeTransport();
    const host = hostOf(transport);
    const outbox = new Outbox(host);
    outbox.hold();
    for (const text of ["a", "b", "c"]) outbox.send(bytes(text));
    assert.deepEqual([transport.text, outbox.heldBytes, host.sentBytes], ["", 3, 3]);
    outbox.release();
    assert.deepEqual([transport.text, transport.writes.length], ["abc", 1]);
    assert.equal(outbox.heldBytes, 0);
    outbox.send(bytes("d"));
    assert.equal(transport.text, "abcd");
  });

  it("holding one piece: is written without a copy", () => {
    const transport = new FakeTransport();
    const outbox = new Outbox(hostOf(transport));
    const piece = bytes("piece");
    outbox.hold();
    outbox.send(piece);
    outbox.release();
    assert.equal(transport.writes[0], piece);
  });

  it("holding more than a batch: writes it without waiting, in order, uncopied", () => {
    const transport = new FakeTransport();
    const outbox = new Outbox(hostOf(transport));
    outbox.hold();
    outbox.send(bytes("first"));
    const large = new Uint8Array(65_532);
    outbox.send(large);
    assert.equal(transport.writes.length, 2);
    assert.equal(transport.writes[1], large);
    outbox.send(bytes("last"));
    assert.equal(outbox.heldBytes, 4);
    outbox.release();
    assert.ok(transport.text.endsWith("last"));
  });

  it("flush with nothing held: writes nothing", () => {
    const transport = new FakeTransport();
    new Outbox(hostOf(transport)).flush();
    assert.equal(transport.writes.length, 0);
  });
});

describe("inFlightCount", () => {
  it("a transport that takes everything: is 0 after the write", () => {
    const host = hostOf(new FakeTransport(), 3);
    new Outbox(host).send(bytes("a"));
    assert.equal(host.inFlightCount, 0);
  });

  it("a transport that is full: stays", () => {
    const transport = new FakeTransport();
    transport.roomBytes = 1;
    const host = hostOf(transport, 3);
    new Outbox(host).send(bytes("abc"));
    assert.deepEqual([host.inFlightCount, transport.unsentBytes], [3, 2]);
  });

  it("bytes that are held: count as in flight", () => {
    const host = hostOf(new FakeTransport(), 1);
    const outbox = new Outbox(host);
    outbox.hold();
    outbox.send(bytes("a"));
    assert.equal(host.inFlightCount, 1);
    outbox.flush();
    assert.equal(host.inFlightCount, 0);
  });
});
