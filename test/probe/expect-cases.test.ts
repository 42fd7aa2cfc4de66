import { describe, expect, it } from "vitest";
import { EXPECT_CASES } from "../../src/probe/cases/expect-cases.ts";
import { ClosesAtOnce, RefusesAndReadsOn, ResetsRequests } from "./broken-connections.ts";
import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case of Expect: 100-continue passes a server that keeps the rules, and tells which one
// is broken. How: fixture servers that break one rule each.

const SEEN: Readonly<Record<string, RegExp>> = {
  "expect/accepted": /^100 after \d+ ms, then 200$/,
  "expect/unawaited": /^200, and 200 to the next request on the connection$/,
  "expect/http-1.0": /^200 arrived whole, 6 bytes$/,
  "expect/refused": /^413 arrived whole, 10 bytes$/,
  "expect/refused-then-next": /^413 that says close, then FIN$/,
  "expect/refused-small-then-next": /^413 that says close, then FIN$/,
  "expect/refused-anyway": /^413 arrived whole, 10 bytes$/,
  "expect/refused-content-is-no-request": /^413, and nothing to \d+ bytes of content/,
};

/** Waits for the content, and never says 100. */
class NeverContinues extends FixtureConnection {
  protected override sendContinue(): void {}
}

/** Says 100 to everybody who has content, whatever was asked. */
class AlwaysContinues extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.contentLength !== 0) this.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    super.handleRequest(request);
  }

  protected override sendContinue(): void {}
}

/** Gives the expectation up. */
class FailsExpectations extends FixtureConnection {
  protected override sendContinue(): void {
    this.answerLast({ status: 417 });
  }
}

/** Says 100, and then nothing for a request that it does not want. */
class ContinuesAndWaits extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.path !== "/refuse") {
      super.handleRequest(request);
      return;
    }
    this.sendContinue();
    this.current = { request, left: request.contentLength, isAnswered: false };
  }
}

/** Refuses, keeps the connection, and reads what comes as the next request. */
class ForgetsContent extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.path === "/refuse") this.send({ status: 413 }, request, []);
    else super.handleRequest(request);
  }
}

/** Refuses with `close`, and keeps the connection. */
class SaysCloseOnly extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }
}

/** Refuses without a word of closing, and closes. */
class ClosesWithoutWord extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.path !== "/refuse") {
      super.handleRequest(request);
      return;
    }
    this.send({ status: 413 }, request, []);
    this.end();
  }
}

/** Answers uploads without reading them. */
class AnswersUploadsAtOnce extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    this.answerLast(this.responseTo(request), request);
  }
}

/** Loses count of the content that comes with the head. */
class LosesContent extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.path === "/upload") {
      this.send({ status: 200, content: Buffer.from("taken\n") }, request, []);
      this.input = Buffer.alloc(0);
      this.current = { request, left: request.contentLength, isAnswered: true };
    } else super.handleRequest(request);
  }
}

describe("Expect: 100-continue", () => {
  it.each(EXPECT_CASES.map(({ id }) => id))("%s passes the right server", async (id) => {
    const result = await runCase(id);
    expect(result.decisive.seen).toMatch(SEEN[id] ?? /^$/);
    expect(result.verdict).toBe("pass");
  });

  it.each([
    ["expect/accepted", NeverContinues, "fail", /^No 100 within \d+ ms; 200 came once/],
    ["expect/accepted", FailsExpectations, "unkind", /^417: the client has to repeat/],
    ["expect/accepted", ResetsRequests, "fail", /ECONNRESET.*and no response/],
    [
      "expect/unawaited",
      LosesContent,
      "fail",
      /^200, and 200 to the next .* nobody asked for \("HTTP\/1\.1 400/,
    ],
    ["expect/unawaited", ResetsRequests, "fail", /ECONNRESET.*and no response/],
    ["expect/http-1.0", AnswersUploadsAtOnce, "pass", /^200 arrived whole, 6 bytes$/],
    ["expect/accepted", AnswersUploadsAtOnce, "pass", /^200 at once, without 100$/],
    ["expect/http-1.0", AlwaysContinues, "fail", /^100 to a client of HTTP\/1\.0, before 200/],
    ["expect/refused", AlwaysContinues, "unkind", /^100, which asks for the content, and then 413/],
    ["expect/refused", ContinuesAndWaits, "unkind", /^100, and no response for 500 ms/],
    ["expect/refused", ResetsRequests, "fail", /ECONNRESET.*and no response/],
    ["expect/refused-then-next", RefusesAndReadsOn, "unkind", /the next request got no response/],
    ["expect/refused-then-next", SaysCloseOnly, "unkind", /^413 that says close, then no FIN/],
    ["expect/refused-then-next", ClosesWithoutWord, "unkind", /does not say close, then FIN$/],
    ["expect/refused-then-next", ForgetsContent, "pass", /^413, and 200 to the next request$/],
    ["expect/refused-small-then-next", RefusesAndReadsOn, "unkind", /next request got no response/],
    ["expect/refused-anyway", ClosesAtOnce, "unkind", /^413 arrived whole, and RST behind it/],
    ["expect/refused-anyway", ResetsRequests, "fail", /^RST \(.*\), and no response/],
    [
      "expect/refused-content-is-no-request",
      ForgetsContent,
      "fail",
      /^413, and \d+ bytes behind it that nobody asked for \("HTTP\/1\.1 200/,
    ],
  ] as const)("%s meets %o: %s", async (id, Connection, verdict, seen) => {
    const result = await runCase(id, { Connection, settings: { answerMs: 500 } });
    expect(result.decisive.seen).toMatch(seen);
    expect(result.verdict).toBe(verdict);
  });

  it("is not reached without a path that takes, or refuses, uploads", async () => {
    const facts = { upload: null, small: { length: null, chunked: null } };
    for (const { id } of EXPECT_CASES) {
      const { verdict, decisive } = await runCase(id, { facts });
      expect(verdict).toBe("not reached");
      expect(decisive.seen).toMatch(/--(?:upload|refuse)-path$/);
    }
  });

  it("does not judge the end of a refusal that asked for the content", async () => {
    const { verdict, decisive } = await runCase("expect/refused-then-next", {
      Connection: AlwaysContinues,
    });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toBe("The server asked for the content by 100");
  });
});

expectBothVerdicts(EXPECT_CASES);
