import { describe, expect, it } from "vitest";
import { HALF_CLOSE_CASES } from "../../src/probe/cases/half-close-cases.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: the cases about half-closed clients tell servers that answer them from others.
// How: fixture servers that treat the client's FIN in different ways, and answer a moment late.

const IDS = HALF_CLOSE_CASES.map(({ id }) => id);
const ANSWERED = IDS.filter((id) => id !== "half-close/silent");

/** Has its responses ready only behind FIN, as handlers have that look something up. */
class AnswersLate extends FixtureConnection {
  readonly #ready: (() => void)[] = [];

  protected override answer(request: FixtureRequest, response: FixtureResponse): void {
    this.#ready.push(() => super.answer(request, response));
  }

  protected override handleEnd(): void {
    this.isPeerDone = true;
    for (const answer of this.#ready) answer();
    this.finish();
  }

  protected finish(): void {
    this.end();
  }
}

/** Takes FIN for lost interest, as node:http does. */
class GivesUp extends AnswersLate {
  protected override handleEnd(): void {
    this.socket.end();
  }
}

/** Answers, and does not close. */
class StaysOpen extends AnswersLate {
  protected override finish(): void {}
}

/** Ends large responses when FIN comes, as nginx does. */
class CutsLarge extends AnswersLate {
  protected override sendContent(content: Buffer): void {
    super.sendContent(content.length > 1_000_000 ? content.subarray(0, 1_000_000) : content);
  }
}

class ResetsOnFin extends FixtureConnection {
  protected override handleEnd(): void {
    this.socket.resetAndDestroy();
  }
}

/** Says 408 where nothing was asked for. */
class Talks extends FixtureConnection {
  protected override handleEnd(): void {
    this.answerLast({ status: 408 });
  }
}

describe("half-closed clients", () => {
  it.each(IDS)("%s passes a server that answers behind FIN", async (id) => {
    const { verdict, decisive } = await runCase(id, { Connection: AnswersLate });
    expect(decisive.seen).toMatch(/^(?:200 arrived whole, and )?FIN \d+ ms behind/);
    expect(verdict).toBe("pass");
    const events = decisive.evidence[0]?.entries.map(({ what }) => what) ?? [];
    expect(events).toContain("our FIN");
    expect(events.at(-1)).toBe("FIN");
  });

  it.each(ANSWERED)("%s fails a server that gives up at FIN", async (id) => {
    const { verdict, decisive } = await runCase(id, { Connection: GivesUp });
    expect(decisive.seen).toMatch(/^No response(?: to request 1)?: FIN$/);
    expect(verdict).toBe("fail");
  });

  it("over TLS that is allowed, and unkind", async () => {
    const { verdict, decisive } = await runCase("half-close/page", {
      Connection: GivesUp,
      isTls: true,
    });
    expect(decisive.seen).toBe("No response: FIN (allowed before TLS 1.3)");
    expect(verdict).toBe("unkind");
  });

  it("a large response that is cut fails", async () => {
    const { verdict, decisive } = await runCase("half-close/large", { Connection: CutsLarge });
    expect(decisive.seen).toBe("200 was cut after 1000000 bytes, by FIN");
    expect(verdict).toBe("fail");
  });

  it.each(IDS)("%s: a connection that stays open is unkind", async (id) => {
    const { verdict, decisive } = await runCase(id, {
      Connection: StaysOpen,
      settings: { answerMs: 300 },
    });
    expect(decisive.seen).toMatch(/open 300 ms/);
    expect(verdict).toBe("unkind");
  });

  it.each([
    [ResetsOnFin, /^ECONNRESET instead of FIN$/],
    [Talks, /^\d+ bytes came, and nothing was asked for$/],
  ])("FIN before any request, %s: unkind", async (Connection, seen) => {
    const { verdict, decisive } = await runCase("half-close/silent", { Connection });
    expect(decisive.seen).toMatch(seen);
    expect(verdict).toBe("unkind");
  });

  it.each([
    ["half-close/large", { large: null }, "--large-path"],
    ["half-close/upload", { upload: null }, "--upload-path"],
  ])("%s is not reached without a path", async (id, facts, option) => {
    const { verdict, decisive } = await runCase(id, { facts });
    expect(decisive.seen).toContain(option);
    expect(verdict).toBe("not reached");
  });
});

expectBothVerdicts(HALF_CLOSE_CASES);
