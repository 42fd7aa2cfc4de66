import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { LightResponse } from "./fetch-light-response.ts";

// Goal: a LightResponse is what the global Response would have been. How: both are made from the
// same arguments and compared member by member.

type Body = ConstructorParameters<typeof Response>[0];

async function viewOf(response: Response) {
  return {
    status: response.status,
    ok: response.ok,
    statusText: response.statusText,
    headers: [...response.headers],
    hasBody: response.body !== null,
    type: response.type,
    url: response.url,
    redirected: response.redirected,
    bodyUsed: response.bodyUsed,
    text: await response.text(),
    bodyUsedAfter: response.bodyUsed,
  };
}

const CASES: readonly [name: string, body?: Body | null, init?: ResponseInit][] = [
  ["nothing"],
  ["null", null, { status: 204 }],
  ["string", "grün"],
  ["empty string", ""],
  ["bytes", new Uint8Array([0x61, 0x62])],
  ["status and record", "x", { status: 404, statusText: "No", headers: { "X-A": "b" } }],
  ["content type in any case", "x", { headers: { "Content-TYPE": "text/html" } }],
  [
    "pairs",
    "x",
    {
      headers: [
        ["a", "b"],
        ["a", "c"],
      ],
    },
  ],
  ["Headers", "x", { headers: new Headers({ a: "b" }) }],
  ["form", new URLSearchParams({ a: "b" })],
  ["blob", new Blob(["x"], { type: "image/png" })],
];

describe("LightResponse", () => {
  for (const [name, body, init] of CASES) {
    it(`${name}: is like Response`, async () => {
      const light = new LightResponse(body, init);
      assert.deepEqual(await viewOf(light), await viewOf(new Response(body, init)));
    });
  }

  it("any: is an instance of the global Response, and says so by its constructor", () => {
    const light = new LightResponse("x");
    assert.ok(light instanceof Response);
    assert.ok(light instanceof LightResponse);
    assert.equal(light.constructor, Response);
  });

  it("global Response: is not an instance of LightResponse", () => {
    assert.equal(new Response("x") instanceof LightResponse, false);
  });

  it("every member of Response.prototype: answers without a throw", () => {
    const light = new LightResponse("x");
    for (const name of Object.getOwnPropertyNames(Response.prototype)) {
      assert.doesNotThrow(() => Reflect.get(light, name), `member ${name}`);
    }
  });

  it("json: has the content type of JSON, or the one that is given", async () => {
    const init = { headers: { "content-type": "application/problem+json" } };
    for (const given of [undefined, init, { status: 201 }]) {
      const light = LightResponse.json({ a: 1 }, given);
      assert.deepEqual(await viewOf(light), await viewOf(Response.json({ a: 1 }, given)));
    }
    assert.throws(() => LightResponse.json(undefined), TypeError);
  });

  it("redirect and error: are those of Response", () => {
    assert.equal(LightResponse.redirect("http://a.example/", 303).status, 303);
    assert.equal(LightResponse.error().type, "error");
  });

  it("status out of range, or without a body: throws as Response does", () => {
    for (const status of [99, 101, 199, 600, 200.5]) {
      assert.throws(() => new LightResponse("x", { status }), RangeError, String(status));
    }
    for (const status of [204, 205, 304]) {
      assert.throws(() => new LightResponse("x", { status }), TypeError, String(status));
    }
  });

  it("headers changed: are sent, and the content needs no real Response", () => {
    const light = new LightResponse("x");
    light.headers.append("set-cookie", "a=b");
    light.headers.append("set-cookie", "c=d");
    const parts = LightResponse.partsOf(light);
    assert.equal(parts?.content, "x");
    assert.deepEqual(
      [...(parts?.headers ?? [])],
      [
        ["content-type", "text/plain;charset=UTF-8"],
        ["set-cookie", "a=b"],
        ["set-cookie", "c=d"],
      ],
    );
  });

  it("body touched: has no parts any more", () => {
    const light = new LightResponse("x");
    assert.ok(light.body);
    assert.equal(LightResponse.partsOf(light), null);
  });

  it("clone: has the changed headers, and both can be read", async () => {
    const light = new LightResponse("x");
    light.headers.set("a", "b");
    const clone = light.clone();
    assert.equal(clone.headers.get("a"), "b");
    assert.equal((await clone.text()) + (await light.text()), "xx");
  });

  it("as init of a Response: gives status and headers", async () => {
    const light = new LightResponse("x", { status: 201, headers: { a: "b" } });
    const copy = new Response(light.body, light);
    assert.equal(copy.status, 201);
    assert.equal(copy.headers.get("a"), "b");
    assert.equal(await copy.text(), "x");
  });
});
