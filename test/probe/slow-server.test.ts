import { describe, expect, it } from "vitest";
import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";
import { runCase } from "./run-case.ts";

// Goal: a server that is slow, and right, is not blamed for the time that the probe allows.
// How: fixture servers whose responses take longer than `answerMs`, and never pause for so long.

const PIECE_COUNT = 12;
const PIECE_MS = 40;
/** Less than the pieces of one response take together, and more than between two of them. */
const ANSWER_MS = 250;

/** Sends each content in pieces, as over a thin line. */
class Thin extends FixtureConnection {
  readonly #waiting: (() => void)[] = [];
  #isSending = false;

  protected override send(...given: Parameters<FixtureConnection["send"]>): void {
    this.#then(() => super.send(...given));
  }

  protected override sendContent(content: Buffer): void {
    const size = Math.ceil(content.length / PIECE_COUNT);
    for (let start = 0; start < content.length; start += size) {
      const piece = content.subarray(start, start + size);
      this.#waiting.splice(start / size, 0, () => this.socket.write(piece));
    }
  }

  protected override end(): void {
    this.isEnding = true;
    this.#then(() => super.end());
  }

  #then(step: () => void): void {
    this.#waiting.push(step);
    if (!this.#isSending) this.#go();
  }

  #go(): void {
    const step = this.#waiting.shift();
    this.#isSending = step !== undefined;
    if (step === undefined) return;
    step();
    setTimeout(() => this.#go(), PIECE_MS);
  }
}

describe("a server whose responses come slowly", () => {
  it.each([
    "early/200k-length-close",
    "half-close/page",
    "half-close/large",
    "persistence/second-request",
    "persistence/close-asked",
    "pipeline/in-order",
    "pipeline/garbage-behind-good",
    "framing/nothing-behind-close",
    "framing/head",
    "expect/refused-anyway",
  ])("%s: passes", async (id) => {
    const settings = { answerMs: ANSWER_MS };
    const times = { idleMs: 10_000, requestMs: 10_000, lingerMs: 5_000 };
    const result = await runCase(id, { Connection: Thin, settings, ...times });
    expect(result.decisive.seen).not.toContain("silence");
    expect(result.verdict).toBe("pass");
  });
});

/** Counts from the request on, and is slow to answer. */
class CountsFromRequest extends FixtureConnection {
  protected override answer(...given: Parameters<FixtureConnection["answer"]>): void {
    setTimeout(() => {
      const [request, response] = given;
      this.send(response, request, ["Keep-Alive: timeout=1"]);
    }, 600);
    this.arm(1_300, () => this.handleIdle());
  }
}

describe("a probe that waits less than many servers do", () => {
  it.each(["bad/head-then-silence", "bad/no-request", "idle/bound", "release/dripping-upload"])(
    "%s: not reached, for the time alone says nothing",
    async (id) => {
      const { verdict } = await runCase(id, {
        settings: { holdMs: 300, boundMs: 1_000 },
        ...{ idleMs: 9_000, requestMs: 9_000, lingerMs: 9_000 },
      });
      expect(verdict).toBe("not reached");
    },
  );
});

/** Takes uploads without waiting for their content, and not at once. */
class TakesAnything extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    setTimeout(() => this.answer(request, this.responseTo(request)), 500);
  }
}

describe("a server whose response comes late", () => {
  it("bad/content-then-silence: not reached if it does not wait for content", async () => {
    const { verdict, decisive } = await runCase("bad/content-then-silence", {
      Connection: TakesAnything,
      idleMs: 2_000,
    });
    expect(decisive.seen).toBe("200 came without waiting for content: --upload-path");
    expect(verdict).toBe("not reached");
  });

  it("idle/advertised: what may be the response's time is not the server's fault", async () => {
    const { verdict, decisive } = await runCase("idle/advertised", {
      Connection: CountsFromRequest,
    });
    expect(decisive.seen).toMatch(/^1000 ms were advertised, and FIN came after \d+ ms, or \d+ ms/);
    expect(verdict).toBe("not reached");
  });
});
