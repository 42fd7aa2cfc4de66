import { describe, expect, it } from "vitest";
import { BAD_REQUEST_CASES } from "../../src/probe/cases/bad-request-cases.ts";
import { ClosesAtOnce, RefusesAndReadsOn } from "./broken-connections.ts";
import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about bad and unfinished requests passes a server that refuses them whole, once
// and in time, and names what another one does. How: fixture servers that break one rule each.

const SEEN: Readonly<Record<string, RegExp>> = {
  "bad/field-128k": /^431 arrived whole, 0 bytes$/,
  "bad/field-1m": /^431 arrived whole, 0 bytes$/,
  "bad/target-1m": /^431 arrived whole, 0 bytes$/,
  "bad/request-line": /^400 arrived whole, 0 bytes$/,
  "bad/head-then-silence": /^408, FIN after \d+ ms$/,
  "bad/content-then-silence": /^408, FIN after \d+ ms$/,
  "bad/refused-then-silence": /^413, then FIN after \d+ ms, and nothing between$/,
  "bad/no-request": /^FIN after \d+ ms$/,
};

/** So that nothing is waited for long. */
const QUICK = { requestMs: 150, idleMs: 300, lingerMs: 300 };
const SETTINGS = { answerMs: 500, holdMs: 900 };

/** Resets instead of refusing. */
class ResetsAll extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.isEnding = true;
    this.socket.resetAndDestroy();
  }

  protected override handleLargeHead(): void {
    this.handleBadRequest();
  }

  protected override handleSlowRequest(): void {
    this.handleBadRequest();
  }

  protected override handleIdle(): void {
    this.handleBadRequest();
  }
}

/** Ends without a word instead of refusing. */
class SaysNothing extends FixtureConnection {
  protected override answerLast(): void {
    this.end();
  }
}

/** Waits for ever. */
class NeverEnds extends FixtureConnection {
  protected override handleSlowRequest(): void {}
  protected override handleIdle(): void {}
}

/** Refuses, and waits for the client to go. */
class RefusesOnly extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }
}

/** Takes large heads, and gives no thought to them. */
class TakesLargeHeads extends FixtureConnection {
  protected override handleLargeHead(): void {}
}

/** Takes whatever has come for a whole request. */
class TakesIncomplete extends FixtureConnection {
  protected override handleSlowRequest(): void {
    this.answerLast({ status: 200 });
  }

  protected override handleBadRequest(): void {
    this.answerLast({ status: 200 });
  }
}

/** Blames itself. */
class SaysServerError extends FixtureConnection {
  protected override handleLargeHead(): void {
    this.answerLast({ status: 500 });
  }
}

/** Says 400 for each line that it does not understand. */
class RefusesTwice extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.send({ status: 400 }, undefined, []);
    this.answerLast({ status: 400 });
  }
}

/** Answers uploads without reading them. */
class AnswersUploadsAtOnce extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    this.answerLast(this.responseTo(request), request);
  }
}

/** Says 408 to connections that asked for nothing. */
class AnswersNobody extends FixtureConnection {
  protected override handleIdle(): void {
    this.answerLast({ status: 408 });
  }
}

describe("bad requests", () => {
  it.each(BAD_REQUEST_CASES.map(({ id }) => id))("%s passes the right server", async (id) => {
    const result = await runCase(id, { ...QUICK, settings: SETTINGS });
    expect(result.decisive.seen).toMatch(SEEN[id] ?? /^$/);
    expect(result.verdict).toBe("pass");
  });

  it.each([
    ["bad/field-1m", ClosesAtOnce, "unkind", /^431 arrived whole, and RST behind it/],
    ["bad/field-1m", ResetsAll, "fail", /^RST \(\w+\), and no response, \d+ bytes were sent$/],
    ["bad/field-1m", SaysNothing, "fail", /^FIN, and no response/],
    ["bad/field-1m", SaysServerError, "unkind", /^500 arrived whole, which blames the server/],
    ["bad/field-1m", TakesLargeHeads, "pass", /^200, and all 1000000 bytes of it were taken$/],
    ["bad/field-128k", ResetsAll, "fail", /^RST \(\w+\), and no response/],
    ["bad/target-1m", ResetsAll, "fail", /^RST \(\w+\), and no response/],
    // All was read, so its close is no RST until somebody writes again.
    ["bad/request-line", ClosesAtOnce, "pass", /^400 arrived whole, 0 bytes$/],
    ["bad/request-line", ResetsAll, "fail", /^RST \(\w+\), and no response/],
    ["bad/request-line", SaysNothing, "unkind", /^FIN, and no response$/],
    ["bad/request-line", TakesIncomplete, "fail", /^200 to something that is no request$/],
    ["bad/request-line", RefusesTwice, "fail", /^400 arrived whole, and .*\("HTTP\/1\.1 400/],
    ["bad/request-line", RefusesOnly, "fail", /^400, and no end of the connection for 500 ms$/],
    ["bad/head-then-silence", ResetsAll, "fail", /^RST \(\w+\) after \d+ ms, and no response$/],
    ["bad/head-then-silence", SaysNothing, "pass", /^FIN after \d+ ms$/],
    ["bad/head-then-silence", NeverEnds, "fail", /^Neither response nor FIN for \d+ ms$/],
    ["bad/head-then-silence", RefusesOnly, "fail", /^408, and no FIN for \d+ ms$/],
    ["bad/head-then-silence", TakesIncomplete, "fail", /^200, as if the request were complete/],
    ["bad/content-then-silence", ResetsAll, "fail", /^RST \(\w+\) after \d+ ms, and no response$/],
    ["bad/content-then-silence", NeverEnds, "fail", /^Neither response nor FIN for \d+ ms$/],
    ["bad/content-then-silence", AnswersUploadsAtOnce, "not reached", /^200 came without waiting/],
    ["bad/refused-then-silence", RefusesAndReadsOn, "fail", /^413, and after \d+ ms .*1\.1 408/],
    [
      "bad/refused-then-silence",
      RefusesOnly,
      "not reached",
      /the server waits longer than 900 ms: --hold-ms$/,
    ],
    ["bad/no-request", NeverEnds, "fail", /^Nothing for \d+ ms$/],
    ["bad/no-request", ResetsAll, "unkind", /^RST \(\w+\) after \d+ ms$/],
    ["bad/no-request", AnswersNobody, "unkind", /^FIN after .* nobody asked for \("HTTP\/1\.1 408/],
  ] as const)("%s meets %o: %s", async (id, Connection, verdict, seen) => {
    // What follows the time-out has to come within the hold time.
    const result = await runCase(id, { ...QUICK, Connection, settings: SETTINGS });
    expect(result.decisive.seen).toMatch(seen);
    expect(result.verdict).toBe(verdict);
  });

  it.each([
    ["bad/content-then-silence", "--upload-path"],
    ["bad/refused-then-silence", "--refuse-path"],
  ])("%s is not reached without its path", async (id, option) => {
    const facts = { upload: null, small: { length: null, chunked: null } };
    const { verdict, decisive } = await runCase(id, { facts });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toContain(option);
  });
});

expectBothVerdicts(BAD_REQUEST_CASES);
