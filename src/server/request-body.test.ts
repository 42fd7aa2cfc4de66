import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ReceivedBody, RequestBodyError } from "./request-body.ts";

// Goal: the queue between driver and handler: order, ends, errors and who is told. How: a body with
// a source that counts what is asked of it.

function bodyOf(lengthBytes: number | null): { body: ReceivedBody; wanted: () => number } {
  let wantCount = 0;
  const source = {
    wantBody: (): void => {
      wantCount += 1;
    },
  };
  return { body: new ReceivedBody(source, lengthBytes), wanted: () => wantCount };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const broken = new RequestBodyError("FINWAIT_BODY_BROKEN_OFF", "Cannot read on");

describe("read", () => {
  it("no body: is at the end, and asks for nothing", async () => {
    const { body, wanted } = bodyOf(0);
    assert.equal(body.isPresent, false);
    assert.equal(await body.read(), null);
    assert.equal(wanted(), 0);
  });

  it("queued pieces: come in order, and then the end, again and again", async () => {
    const { body } = bodyOf(null);
    body.receive(bytes("a"));
    body.receive(bytes("bc"));
    body.receiveEnd(null);
    assert.equal(body.queuedBytes, 3);
    assert.deepEqual(await body.read(), bytes("a"));
    assert.equal(body.queuedBytes, 2);
    assert.deepEqual(await body.read(), bytes("bc"));
    assert.deepEqual([await body.read(), await body.read()], [null, null]);
  });

  it("before the bytes: waits for them, and never queues them", async () => {
    const { body, wanted } = bodyOf(5);
    const read = body.read();
    assert.equal(wanted(), 1);
    body.receive(bytes("hello"));
    assert.equal(body.queuedBytes, 0);
    assert.deepEqual(await read, bytes("hello"));
  });

  it("waiting at the end: resolves with null", async () => {
    const { body } = bodyOf(null);
    const read = body.read();
    body.receiveEnd(null);
    assert.equal(await read, null);
  });

  it("while one is waiting: is a mistake of the caller", async () => {
    const { body } = bodyOf(5);
    const first = body.read();
    await assert.rejects(body.read(), TypeError);
    body.receive(bytes("x"));
    assert.deepEqual(await first, bytes("x"));
  });

  it("any: claims the body", () => {
    const { body } = bodyOf(5);
    assert.equal(body.isClaimed, false);
    body.read().catch(() => {});
    assert.equal(body.isClaimed, true);
  });
});

describe("fail", () => {
  it("a waiting read: rejects", async () => {
    const { body } = bodyOf(5);
    const read = body.read();
    body.fail(broken);
    await assert.rejects(read, broken);
  });

  it("what has arrived: can still be read, then the error comes", async () => {
    const { body } = bodyOf(5);
    body.receive(bytes("he"));
    body.fail(broken);
    assert.deepEqual(await body.read(), bytes("he"));
    await assert.rejects(body.read(), broken);
  });

  it("a body that is complete: stays so", async () => {
    const { body } = bodyOf(5);
    body.receiveEnd(null);
    body.fail(broken);
    assert.equal(await body.read(), null);
  });

  it("twice: the first error stays", async () => {
    const { body } = bodyOf(5);
    body.fail(broken);
    body.fail(new Error("later"));
    await assert.rejects(body.read(), broken);
  });
});

describe("giveUp", () => {
  it("queued and later pieces: are dropped, and a read says so", async () => {
    const { body } = bodyOf(5);
    body.receive(bytes("he"));
    body.giveUp();
    body.receive(bytes("llo"));
    assert.deepEqual([body.queuedBytes, body.isGivenUp], [0, true]);
    await assert.rejects(body.read(), { code: "FINWAIT_BODY_GIVEN_UP" });
  });

  it("a waiting read: rejects", async () => {
    const { body } = bodyOf(5);
    const read = body.read();
    body.giveUp();
    await assert.rejects(read, { code: "FINWAIT_BODY_GIVEN_UP" });
  });

  it("a body that has broken off before: keeps that error", async () => {
    const { body } = bodyOf(5);
    body.fail(broken);
    body.giveUp();
    await assert.rejects(body.read(), broken);
  });

  it("no body: has nothing to give up", async () => {
    const { body } = bodyOf(0);
    body.giveUp();
    assert.equal(body.isGivenUp, false);
    assert.equal(await body.read(), null);
  });
});
