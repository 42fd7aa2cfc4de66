import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { ExampleProgram, type ExampleProgramOptions } from "../support/example-program.ts";
import { RawClient } from "../support/raw-client.ts";

// Goal: what every program of examples/ keeps, whatever its framework. How: the program runs as it
// stands, in a process of its own; raw clients count whole responses, and tell FIN from RST.

const UPLOAD_BYTES = 20_000_000;
const UPLOAD_COUNT = 20;
const CLIENT_COUNT = 200;
/** As the examples have it; JSON around it makes it longer. */
const REFUSAL_BYTES = 200_000;
const CASE_TIMEOUT_MS = 60_000;

const UPLOAD = new Uint8Array(UPLOAD_BYTES);
const UPLOAD_HEAD =
  "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n" +
  `Content-Length: ${UPLOAD_BYTES}\r\n\r\n`;
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

export interface ExampleUnderTest extends ExampleProgramOptions {
  /** Its folder in examples/. */
  readonly name: string;
  /** Where its routes are, without the slash at the end. */
  readonly prefix?: string;
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
  const { name, prefix = "", missingNote = null } = example;
  const play = (title: string, action: Play): void =>
    it(title, { timeout: CASE_TIMEOUT_MS }, async (context) => {
      if (missingNote !== null) context.skip(missingNote);
      await withProgram(example, action);
    });

  describe(`examples/${name}`, () => {
    play(
      "two requests on one connection: two answers, and SIGINT ends it",
      async (port, program) => {
        const client = await RawClient.connect({ port });
        for (const count of [1, 2]) {
          await client.write(get(`${prefix}/hello`));
          await client.waitForResponses(count);
        }
        assert.deepEqual(client.statuses, [200, 200]);
        assert.match(client.last.fields.get("content-type") ?? "", /^application\/json/);
        program.signal("SIGINT");
        assert.equal(await program.waitForExit(), 0, program.said);
        assert.equal(client.end, "fin", client.describe());
      },
    );

    play("20 uploads that are refused early: 20 whole responses, FIN, no RST", async (port) => {
      const seen = { refused: 0, fin: 0 };
      for (let count = 0; count < UPLOAD_COUNT; count += 1) {
        const client = await uploadBlindly(port, `${prefix}/upload`);
        const { status, bodyBytes, isComplete } = client.last;
        if (status === 413 && isComplete && bodyBytes >= REFUSAL_BYTES) seen.refused += 1;
        if (client.end === "fin") seen.fin += 1;
        client.close();
      }
      assert.deepEqual(seen, { refused: UPLOAD_COUNT, fin: UPLOAD_COUNT });
    });

    play("SIGTERM with 200 requests under way: 200 answers, exit code 0", async (port, program) => {
      const clients = await Promise.all(
        Array.from({ length: CLIENT_COUNT }, () => RawClient.connect({ port })),
      );
      await askAll(clients, `${prefix}/hello`);
      await Promise.all(clients.map((client) => client.waitForResponses(1)));
      await askAll(clients, `${prefix}/slow`);
      program.signal("SIGTERM");
      await Promise.all(clients.map((client) => client.waitForEnd()));
      const answered = clients.filter(({ completeCount }) => completeCount === 2);
      const told = clients.filter(({ last }) => last.fields.get("connection") === "close");
      const ended = clients.filter(({ end }) => end === "fin");
      assert.deepEqual([answered.length, told.length, ended.length], [200, 200, 200]);
      assert.equal(await program.waitForExit(), 0, program.said);
    });
  });
}

async function askAll(clients: readonly RawClient[], target: string): Promise<void> {
  await Promise.all(clients.map((client) => client.write(get(target))));
}

/** Sends all of it before it reads anything, and then sees how it ends. */
async function uploadBlindly(port: number, target: string): Promise<RawClient> {
  const client = await RawClient.connect({ port, isReading: false });
  await client.write(UPLOAD_HEAD.replace("/upload", target));
  await client.write(UPLOAD);
  client.resume();
  await client.waitForEnd();
  return client;
}
