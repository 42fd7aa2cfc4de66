import { describe, expect, it } from "vitest";
import { PIPELINE_CASES } from "../../src/probe/cases/pipeline-cases.ts";
import { ClosesAtOnce } from "./broken-connections.ts";
import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about pipelines passes a server that answers in order and closes in stages, and
// names what another one loses. How: fixture servers that break one rule each.

const EIGHT = "200, 200, 200, 200, 200, 200, 200, 200";
const SEEN: Readonly<Record<string, string>> = {
  "pipeline/in-order": "8 responses to 8 requests, in order",
  "pipeline/behind-content": "200, 200, 200 to upload, chunked upload and page",
  "pipeline/error-in-the-middle": "200, 200, 400, then FIN, with ",
  "pipeline/error-behind-large": `${EIGHT}, 400, then FIN, with `,
  "pipeline/garbage-behind-good": "200, 400, then FIN, with ",
  "pipeline/close-in-the-middle": "200, 200, then FIN, with ",
  "pipeline/close-behind-large": `${EIGHT}, then FIN, with `,
  "pipeline/none-behind-close": "200 to the request that said close, and nothing to two behind it",
};

/** Sees an error, and drops what it has not written yet. */
class ResetsErrors extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.isEnding = true;
    this.socket.resetAndDestroy();
  }
}

/** Ends at an error without a word. */
class SaysNothingToErrors extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.end();
  }
}

/** Takes anything for a request. */
class TakesAnything extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.answerLast({ status: 200 });
  }
}

/** Says 400 and waits for the client to go. */
class NeverEnds extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }
}

/** Answers the second request of a pair first. */
class MixesOrder extends FixtureConnection {
  #kept: FixtureRequest | null = null;

  protected override handleRequest(request: FixtureRequest): void {
    const kept = this.#kept;
    if (kept === null) {
      this.#kept = request;
      return;
    }
    this.#kept = null;
    super.handleRequest(request);
    super.handleRequest(kept);
  }
}

/** Answers the first request of each piece, and forgets the others. */
class ForgetsOthers extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    this.input = Buffer.alloc(0);
    super.handleRequest(request);
  }
}

/** Does without pipelining: its first response is the last, and says so. */
class ClosesEach extends FixtureConnection {
  protected override isLast(): boolean {
    return true;
  }
}

/** Goes on behind a request that said close. */
class IgnoresClose extends FixtureConnection {
  protected override answerLast(): void {
    this.send({ status: 200, content: Buffer.from("hello\n") }, undefined, ["Connection: close"]);
  }
}

describe("pipelines", () => {
  it.each(PIPELINE_CASES.map(({ id }) => id))("%s passes the right server", async (id) => {
    const result = await runCase(id);
    expect(result.decisive.seen).toContain(SEEN[id]);
    expect(result.verdict).toBe("pass");
  });

  it.each([
    ["pipeline/in-order", MixesOrder, "fail", /behind it that nobody asked for|of 8 responses/],
    ["pipeline/in-order", ForgetsOthers, "fail", /^1 of 8 responses, then silence$/],
    ["pipeline/in-order", ClosesEach, "unkind", /^1 of 8 responses, then FIN, which the last one/],
    ["pipeline/behind-content", ForgetsOthers, "fail", /^no response to upload, .* then silence$/],
    ["pipeline/behind-content", ClosesEach, "unkind", /^200 to upload, .* then FIN as announced$/],
    ["pipeline/error-in-the-middle", ResetsErrors, "fail", /were due; .* came, then RST|but RST/],
    ["pipeline/error-in-the-middle", ClosesAtOnce, "unkind", /^200, 200, 400 .* RST behind: /],
    ["pipeline/error-in-the-middle", SaysNothingToErrors, "unkind", /no whole response .* but FIN/],
    ["pipeline/error-in-the-middle", NeverEnds, "fail", /^200, 200, 400, and no end/],
    ["pipeline/error-behind-large", ClosesAtOnce, "fail", /were due; .* then RST|no whole resp/],
    ["pipeline/garbage-behind-good", ResetsErrors, "fail", /RST/],
    ["pipeline/garbage-behind-good", SaysNothingToErrors, "unkind", /^200, and no whole .* FIN$/],
    ["pipeline/garbage-behind-good", TakesAnything, "fail", /request was answered with 200$/],
    ["pipeline/close-in-the-middle", ClosesAtOnce, "unkind", /^200, 200 arrived whole, and RST/],
    ["pipeline/close-in-the-middle", IgnoresClose, "fail", /behind it that nobody asked for/],
    ["pipeline/close-behind-large", ClosesAtOnce, "fail", /^8 whole responses were due; .* RST/],
    ["pipeline/none-behind-close", IgnoresClose, "fail", /behind it that nobody asked for/],
  ] as const)("%s meets %o: %s", async (id, Connection, verdict, seen) => {
    const result = await runCase(id, { Connection, settings: { answerMs: 500 } });
    expect(result.decisive.seen).toMatch(seen);
    expect(result.verdict).toBe(verdict);
  });

  it.each([
    ["pipeline/behind-content", { upload: null }, "--upload-path"],
    ["pipeline/error-behind-large", { medium: null }, "--medium-path"],
    ["pipeline/close-behind-large", { medium: null }, "--medium-path"],
  ] as const)("%s is not reached without its path", async (id, facts, option) => {
    const { verdict, decisive } = await runCase(id, { facts });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toContain(option);
  });
});

expectBothVerdicts(PIPELINE_CASES);
