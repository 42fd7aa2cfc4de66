import { describe, expect, it } from "vitest";
import { RELEASE_CASES } from "../../src/probe/cases/release-cases.ts";
import { FixtureConnection } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about letting go passes a server with bounds, and does not pass one without.
// How: fixture servers that differ in their bounds alone; what is waited for is short.

const LADDERS = ["release/never-closing-client", "release/silent-upload"];
const UPLOADS = RELEASE_CASES.map(({ id }) => id).filter((id) => id.endsWith("upload"));

/** Lingers without any bound. */
class NeverLetsGo extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
    this.socket.end();
  }

  protected override handleDiscarded(): void {
    // Bytes have no bound either.
  }
}

/** Each byte is a reason to linger on. */
class LingersForEachByte extends FixtureConnection {
  protected override handleDiscarded(bytes: Buffer): void {
    super.handleDiscarded(bytes);
    this.arm(this.options.lingerMs, () => this.socket.destroy());
  }
}

class ClosesAtOnce extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
    this.socket.destroySoon();
  }
}

/** Keeps the connection behind its refusal, and answers again when the content does not end. */
class AnswersTwice extends FixtureConnection {
  protected override answerLast(): void {
    this.isEnding = true;
    this.send({ status: 403 }, undefined, []);
    setTimeout(() => {
      this.send({ status: 408 }, undefined, ["Connection: close"]);
      this.end();
    }, 300);
  }
}

/** Refuses, and then neither reads nor closes. */
class StopsReading extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
    this.socket.pause();
  }
}

/** Never answers. */
class SaysNothing extends FixtureConnection {
  protected override handleRequest(): void {
    this.isEnding = true;
  }
}

describe.each(LADDERS)("%s", (id) => {
  it("passes a server that lingers for 600 ms, between the moments around that", async () => {
    const { verdict, decisive } = await runCase(id, { lingerMs: 600 });
    expect(decisive.seen).toMatch(/^FIN after \d+ ms; let go between \d+ and \d+ ms behind/);
    expectAround600(decisive.figures);
    expect(verdict).toBe("pass");
  });

  it("shows the connections before and behind the release", async () => {
    const { decisive } = await runCase(id, { lingerMs: 600 });
    const [before, behind, ...others] = decisive.evidence.map(({ entries }) =>
      entries.map(({ what }) => what),
    );
    expect(others).toEqual([]);
    expect(before).not.toContain("RST");
    expect(behind).toContain("RST");
  });

  it("passes over TLS", async () => {
    const { verdict, decisive } = await runCase(id, { lingerMs: 600, isTls: true });
    expectAround600(decisive.figures);
    expect(verdict).toBe("pass");
  });

  it("passes a server that closes at once", async () => {
    const { verdict, decisive } = await runCase(id, { Connection: ClosesAtOnce });
    expect(decisive.figures).toMatchObject({ heldAtLeastMs: 0 });
    expect(decisive.figures.releasedByMs).toBeGreaterThanOrEqual(200);
    expect(verdict).toBe("pass");
  });

  it("fails a server that never lets go", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: NeverLetsGo,
      settings: { holdMs: 700 },
    });
    expect(decisive.seen).toMatch(/^FIN after \d+ ms; still held 7\d\d ms behind the response$/);
    expect(verdict).toBe("fail");
  });

  it("is not reached without a response", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: SaysNothing,
      settings: { answerMs: 100 },
    });
    expect(decisive.seen).toBe("The response was not whole, so nothing follows it (open)");
    expect(verdict).toBe("not reached");
  });
});

/** The moments are 200 and 1,000 ms, or as much later as they were in fact. */
function expectAround600(figures: Readonly<Record<string, number | string>>): void {
  expect(figures.heldAtLeastMs).toBeGreaterThanOrEqual(200);
  expect(figures.heldAtLeastMs).toBeLessThan(1_000);
  expect(figures.releasedByMs).toBeGreaterThanOrEqual(1_000);
}

describe("release/dripping-upload", () => {
  const id = "release/dripping-upload";

  it("passes a server whose bound bytes do not move", async () => {
    const { verdict, decisive } = await runCase(id, { lingerMs: 700 });
    expect(decisive.seen).toMatch(/^The drip was cut after \d+ ms, by EPIPE behind FIN$/);
    expect(verdict).toBe("pass");
  });

  it("fails a server that lingers on for each byte", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: LingersForEachByte,
      lingerMs: 1_200,
      settings: { holdMs: 1_600 },
    });
    expect(decisive.seen).toMatch(/^The drip was taken for \d+ ms, without end$/);
    expect(verdict).toBe("fail");
  });

  it("fails a second response", async () => {
    const { verdict, decisive } = await runCase(id, { Connection: AnswersTwice, lingerMs: 100 });
    expect(decisive.seen).toMatch(/^\d+ bytes came behind .* one request: HTTP\/1\.1 408 Fixture$/);
    expect(verdict).toBe("fail");
  });
});

describe("release/endless-upload", () => {
  const id = "release/endless-upload";
  /** An eighth of it is what the endless upload may use: 8 MB. */
  const settings = { sendLimitBytes: 64_000_000 };

  it("passes a server with a bound in bytes", async () => {
    const { verdict, decisive } = await runCase(id, { lingerBytes: 1_000_000, settings });
    expect(decisive.seen).toMatch(/^Cut after \d+ bytes and \d+ ms, by (?:EPIPE|ECONNRESET)$/);
    expect(verdict).toBe("pass");
  });

  it("is unkind of a server with a bound in time alone", async () => {
    const { verdict, decisive } = await runCase(id, { lingerMs: 1_200, settings });
    expect(decisive.seen).toMatch(/^Took 8000000 bytes in \d+ ms, and was cut only after \d+ ms/);
    expect(verdict).toBe("unkind");
  });

  it("fails a server without bounds", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: NeverLetsGo,
      settings: { ...settings, holdMs: 900 },
    });
    expect(decisive.seen).toMatch(/^Took 8000000 bytes in \d+ ms and was not done after \d+ ms$/);
    expect(verdict).toBe("fail");
  });

  it("fails a server that neither reads nor closes", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: StopsReading,
      settings: { holdMs: 600 },
    });
    expect(decisive.seen).toMatch(/^Took \d+ bytes in \d+ ms then nothing, and was not cut after/);
    expect(verdict).toBe("fail");
  });
});

describe.each(UPLOADS)("%s", (id) => {
  it("is not reached without a path that answers early", async () => {
    const small = { length: null, chunked: null };
    const { verdict, decisive } = await runCase(id, { facts: { small } });
    expect(decisive.seen).toContain("--refuse-path");
    expect(verdict).toBe("not reached");
  });

  it("passes where only chunked content is refused early", async () => {
    const answer = {
      method: "POST",
      path: "/refuse",
      uploadBytes: 8,
      status: 413,
      contentBytes: 10,
    };
    const small = { length: null, chunked: { ...answer, isChunked: true } };
    const { verdict } = await runCase(id, { facts: { small }, lingerBytes: 1_000_000 });
    expect(verdict).toBe("pass");
  });
});

expectBothVerdicts(RELEASE_CASES);
