import { describe, expect, it } from "vitest";
import { Discovery, DiscoveryError } from "../../src/probe/discovery.ts";
import { NodePort } from "../../src/probe/node-port.ts";
import { ConnectError } from "../../src/probe/probe-port.ts";
import { DEFAULT_SETTINGS } from "../../src/probe/probe-settings.ts";
import { SharedBudget } from "../../src/probe/run-budget.ts";
import type { TargetPaths } from "../../src/probe/target.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { type ConnectionClass, FixtureServer } from "./fixture-server.ts";

// Goal: what can be found out by looking is found, and what cannot stays unknown.
// How: the fixture server, with and without the paths named.

async function look(paths: TargetPaths, Connection: ConnectionClass = FixtureConnection) {
  await using server = await FixtureServer.start({ Connection, idleMs: 30_000, requestMs: 30_000 });
  return await lookAt(server.port, paths);
}

async function lookAt(portNumber: number, paths: TargetPaths) {
  const port = new NodePort({
    address: "127.0.0.1",
    port: portNumber,
    tlsName: null,
    connectTimeoutMs: 2_000,
  });
  const budget = new SharedBudget(port, DEFAULT_SETTINGS);
  const host = `127.0.0.1:${portNumber}`;
  const found = await new Discovery(port, budget, DEFAULT_SETTINGS, host, paths).look();
  expect(budget.openCount).toBe(0);
  return found;
}

class NoHttp extends FixtureConnection {
  protected override handleRequest(): void {
    this.socket.end("220 mail.example ESMTP\r\n");
  }
}

/** Waits for every upload, as many applications do. */
class ReadsEverything extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    this.requestCount += 1;
    if (request.contentLength === 0) this.answer(request, this.responseTo(request));
    else this.current = { request, left: request.contentLength, isAnswered: false };
  }
}

/** Serves ten connections at one time. */
class ServesTen extends FixtureConnection {
  static openCount = 0;

  protected readonly isTurnedAway: boolean;

  constructor(...given: ConstructorParameters<typeof FixtureConnection>) {
    super(...given);
    ServesTen.openCount += 1;
    this.socket.once("close", () => {
      ServesTen.openCount -= 1;
    });
    this.isTurnedAway = ServesTen.openCount > 10;
    if (this.isTurnedAway) this.turnAway();
  }

  protected turnAway(): void {
    this.tcp.resetAndDestroy();
  }
}

class BusyBeyondTen extends ServesTen {
  protected override turnAway(): void {}

  protected override responseTo(request: FixtureRequest): FixtureResponse {
    return this.isTurnedAway ? { status: 503 } : super.responseTo(request);
  }
}

/** Its pages take longer than an early answer may. */
class AnswersLate extends FixtureConnection {
  protected override answer(...given: Parameters<FixtureConnection["answer"]>): void {
    const isPage = given[0].path === "/";
    setTimeout(() => super.answer(...given), isPage ? 0 : 1_700);
  }
}

describe("Discovery", () => {
  it.each([
    ["resets", ServesTen],
    ["answers 503 to", BusyBeyondTen],
  ])("a server that %s connections beyond ten: says so, and finds the rest", async (_, each) => {
    const { facts } = await look({ page: "/", medium: "/medium", refuse: "/refuse" }, each);
    expect(facts.capacity).toBe(10);
    expect(facts.medium?.status).toBe(200);
    expect([facts.small.length?.status, facts.small.chunked?.status]).toEqual([413, 413]);
  });

  it("named pages are waited for as long as any answer", async () => {
    const paths = { page: "/", medium: "/medium", upload: "/upload", empty: "/empty" };
    const { facts } = await look(paths, AnswersLate);
    expect(facts.medium?.contentBytes).toBe(200_000);
    expect(facts.upload).toBe("/upload");
    expect(facts.empty?.path).toBe("/empty");
    expect(facts.capacity).toBe(null);
  });

  it("finds what the named paths do", async () => {
    const { facts } = await look({
      page: "/",
      medium: "/medium",
      large: "/large",
      refuse: "/refuse",
      upload: "/upload",
      empty: "/empty",
    });
    expect(facts.page).toEqual({ path: "/", contentBytes: 6, status: 200 });
    expect(facts.validator).toBe('If-None-Match: "fixture"');
    expect(facts.medium).toEqual({ path: "/medium", contentBytes: 200_000, status: 200 });
    expect(facts.large).toEqual({ path: "/large", contentBytes: 6_000_000, status: 200 });
    expect(facts.small.length).toMatchObject({ path: "/refuse", status: 413, isChunked: false });
    expect(facts.small.chunked).toMatchObject({ path: "/refuse", status: 413, isChunked: true });
    expect(facts.mediumEarly.length).toMatchObject({ path: "/medium", contentBytes: 200_000 });
    expect(facts.largeEarly.chunked).toMatchObject({ path: "/large", contentBytes: 6_000_000 });
    expect([facts.upload, facts.empty]).toEqual(["/upload", { method: "GET", path: "/empty" }]);
  });

  it("looks at named paths alone, and tells what they answered", async () => {
    const { facts } = await look({
      page: "/large",
      medium: "/nosuch",
      large: "/medium",
      refuse: "/upload",
      upload: "/nosuch",
      empty: "/medium",
    });
    const missing = { path: "/nosuch", status: 404, contentBytes: 13 };
    expect(facts.named).toEqual({
      medium: { method: "GET", ...missing },
      large: { method: "GET", path: "/medium", status: 200, contentBytes: 200_000 },
      refuse: { method: "POST", path: "/upload", status: null, contentBytes: 0 },
      upload: { method: "POST", ...missing },
      empty: { method: "GET", path: "/medium", status: 200, contentBytes: 200_000 },
    });
    const { medium, large, upload, empty, small } = facts;
    expect([medium, large, upload, empty]).toEqual([null, null, null, null]);
    expect(small).toEqual({ length: null, chunked: null });
  });

  it("finds by itself a page that is large", async () => {
    const { facts } = await look({ page: "/large" });
    expect([facts.large?.path, facts.medium]).toEqual(["/large", null]);
  });

  it("says of a server that waits for every upload that nothing answers early", async () => {
    const { facts } = await look({ page: "/", medium: "/medium" }, ReadsEverything);
    const nothing = { length: null, chunked: null };
    expect([facts.small, facts.mediumEarly]).toEqual([nothing, nothing]);
    expect(facts.empty).toEqual({ method: "OPTIONS", path: "/" });
  });

  it("refuses what is no HTTP", async () => {
    await expect(look({ page: "/" }, NoHttp)).rejects.toThrow(DiscoveryError);
  });

  it("says when nobody listens", async () => {
    const server = await FixtureServer.start();
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await expect(lookAt(port, { page: "/" })).rejects.toThrow(ConnectError);
  });
});
