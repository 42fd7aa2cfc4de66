import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ExampleProgram, type ExampleProgramOptions } from "../support/example-program.ts";
import { RawClient } from "../support/raw-client.ts";

// Goal: what every program of examples/ keeps, whatever its framework. How: the program runs as it
// stands, in a process of its own; raw clients count whole responses, and tell FIN from RST.

const UPLOAD_BYTES = 20_000_000;
const UPLOAD_COUNT = 20;
const WAITING_COUNT = 200;
const BUSY_COUNT = 50;
/** As the examples have it; JSON around it makes it longer. */
const REFUSAL_BYTES = 200_000;
const CASE_TIMEOUT_MS = 60_000;
/** A framework answers 250 requests at once here, perhaps on a machine that does other things. */
const ANSWER_DEADLINE_MS = 30_000;

const UPLOAD = new Uint8Array(UPLOAD_BYTES);
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

export interface ExampleUnderTest extends ExampleProgramOptions {
  /** Its folder in examples/. */
  readonly name: string;
  /** Why it cannot run here, or `null`. */
  readonly missingNote?: string | null;
}

type Play = (port: number, program: ExampleProgram) => Promise<void>;

/** Runs `play` against the program, which is gone behind it. */
export async function withProgram({ name, env = {} }: ExampleUnderTest, play: Play): Promise<void> {
  const program = await ExampleProgram.start(name, { env });
  try {
    await play(program.port, program);
  } finally {
    await program.kill();
  }
}

/** The suite that each example runs. */
export function describeExample(example: ExampleUnderTest): void {
  const { name, missingNote = null } = example;
  const play = (title: string, action: Play): void =>
    it(title, { timeout: CASE_TIMEOUT_MS }, async (context) => {
      if (missingNote !== null) context.skip(missingNote);
      await withProgram(example, action);
    });

  describe(`examples/${name}`, () => {
    play(
      "two requests on one connection: two answers, and SIGINT ends both",
      async (port, program) => {
        const client = await RawClient.connect({ port });
        for (const count of [1, 2]) {
          await client.write(get("/hello"));
          await client.waitForResponses(count);
        }
        assert.deepEqual(client.statuses, [200, 200]);
        assert.match(client.last.fields.get("content-type") ?? "", /^application\/json/);
        program.signal("SIGINT");
        await client.waitForFin();
        client.close();
        assert.equal(await program.waitForExit(), 0, program.said);
      },
    );

    for (const connection of ["keep-alive", "close"]) {
      const title = `20 uploads refused early, request with Connection: ${connection}`;
      play(`${title}: 20 whole responses, FIN, no RST`, async (port) => {
        const seen = { refused: 0, fin: 0 };
        for (let count = 0; count < UPLOAD_COUNT; count += 1) {
          const client = await uploadBlindly(port, "/upload", connection);
          const [first] = client.responses;
          const isWhole = first?.isComplete === true && first.bodyBytes >= REFUSAL_BYTES;
          if (isWhole && first.status === 413) seen.refused += 1;
          if (client.end === "fin") seen.fin += 1;
          client.close();
        }
        assert.deepEqual(seen, { refused: UPLOAD_COUNT, fin: UPLOAD_COUNT });
      });
    }

    play(
      "SIGTERM with 250 clients, 200 of them waiting: nothing is lost",
      async (port, program) => {
        const waiting = await connectAll(port, WAITING_COUNT);
        const busy = await connectAll(port, BUSY_COUNT);
        // Every connection is a persistent one that has had a request.
        await Promise.all([...waiting, ...busy].map((client) => ask(client, "/hello")));
        // Under way when the signal is sent: nobody has been answered in this turn.
        const answers = waiting.map((client) => askUntilTold(client, "/slow"));
        const departures = busy.map((client) => askUntilTold(client, "/hello"));
        program.signal("SIGTERM");
        const fates = await Promise.all([...answers, ...departures]);
        const lost = fates.filter((fate) => fate === "lost");
        assert.deepEqual([fates.length, lost.length], [WAITING_COUNT + BUSY_COUNT, 0]);
        for (const client of [...waiting, ...busy]) client.close();
        assert.equal(await program.waitForExit(), 0, program.said);
      },
    );
  });
}

/** What became of a request: `told` is an answer that said that it is the last one. */
type Fate = "answered" | "told" | "lost";

async function ask(client: RawClient, target: string): Promise<Fate> {
  const wanted = client.completeCount + 1;
  await client.write(get(target));
  const isOver = (): boolean => client.completeCount >= wanted || client.end !== "open";
  await client.waitFor("an answer or an end", isOver, ANSWER_DEADLINE_MS);
  if (client.completeCount < wanted) return "lost";
  return client.last.fields.get("connection") === "close" ? "told" : "answered";
}

/** Asks again with each answer, as a client does that has much to ask. */
async function askUntilTold(client: RawClient, target: string): Promise<Fate> {
  let fate: Fate = "answered";
  while (fate === "answered") fate = await ask(client, target);
  return fate;
}

function connectAll(port: number, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.connect({ port })));
}

/** Sends all of it before it reads anything, and then sees how it ends. */
async function uploadBlindly(port: number, target: string, connection: string): Promise<RawClient> {
  const client = await RawClient.connect({ port, isReading: false });
  await client.write(
    `POST ${target} HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n` +
      `Content-Type: application/octet-stream\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`,
  );
  await client.write(UPLOAD);
  client.resume();
  await client.waitForEnd();
  return client;
}
