import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { afterEach, describe, it } from "vitest";
import { within } from "../support/deadline.ts";
import { endRuns, nodeProgram, type Run } from "../support/finwait-command.ts";
import { RawClient } from "../support/raw-client.ts";

// Goal: `node --import finwait/register` gives a program that was not changed the endings of an
// attached server. How: the program runs as a process of its own, from the built package, and raw
// clients tell FIN from RST.

const PROGRAM = fileURLToPath(new URL("../support/plain-program.mjs", import.meta.url));
const UPLOAD_BYTES = 20_000_000;
const BUSY_COUNT = 50;
const GET_SLOW = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Run {
  return nodeProgram(["--import", "finwait/register", PROGRAM, ...args], environment);
}

async function started(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ run: Run; connect(options?: { isReading: boolean }): Promise<RawClient> }> {
  const run = start(args, environment);
  const [, port] = await run.saw(/port (\d+)/);
  const isTls = args.includes("https");
  const connect = (options = {}): Promise<RawClient> =>
    RawClient.connect({ port: Number(port), isTls, ...options });
  return { run, connect };
}

/** Clients with a request under way on connections that have answered before. */
async function busyClients(connect: () => Promise<RawClient>): Promise<readonly RawClient[]> {
  const clients = await Promise.all(Array.from({ length: BUSY_COUNT }, connect));
  await Promise.all(clients.map((client) => client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
  await Promise.all(clients.map((client) => client.waitForResponses(1)));
  await Promise.all(clients.map((client) => client.write(GET_SLOW)));
  return clients;
}

const wholeCount = (clients: readonly RawClient[]): number =>
  clients.filter(({ responses }) => responses[1]?.isComplete === true).length;

afterEach(endRuns);

describe("node --import finwait/register", () => {
  for (const kind of ["http", "https", "required"]) {
    it(`${kind}: a blind upload gets the whole 413, then FIN`, async () => {
      const { connect } = await started([kind]);
      const client = await connect({ isReading: false });
      await client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
      await client.write(new Uint8Array(UPLOAD_BYTES));
      client.resume();
      await client.waitForFin();
      const [response] = client.responses;
      assert.deepEqual([response?.status, response?.bodyBytes], [413, 200_000]);
      assert.equal(client.end, "fin");
      client.close();
    });
  }

  it("SIGTERM: busy clients get their responses, and the process ends by the signal", async () => {
    const { run, connect } = await started(["http"]);
    const clients = await busyClients(connect);
    run.child.kill("SIGTERM");
    await Promise.all(clients.map((client) => client.waitForResponses(2)));
    assert.equal(wholeCount(clients), BUSY_COUNT);
    await Promise.all(clients.map((client) => client.waitForFin()));
    for (const client of clients) client.close();
    await within(run.exit, "the end of the program");
    assert.equal(run.child.signalCode, "SIGTERM");
  });

  for (const when of ["before", "after", "later"]) {
    it(`a listener of the program's own, ${when}: is asked alone, and loses nothing`, async () => {
      const { run, connect } = await started(["http", `own-sigterm=${when}`]);
      const clients = await busyClients(connect);
      run.child.kill("SIGTERM");
      await Promise.all(clients.map((client) => client.waitForResponses(2)));
      assert.equal(wholeCount(clients), BUSY_COUNT);
      for (const client of clients) client.close();
      assert.equal(await within(run.exit, "the end of the program"), 7);
      assert.match(run.output, /own handler/);
    });
  }

  it("a program without a server: nothing is said", async () => {
    // What there is to say of every server that listens.
    const environment = { FINWAIT_ATTACH: '{"socketOptions":"off"}' };
    const run = nodeProgram(["--import", "finwait/register", "--eval", "0"], environment);
    await within(run.exit, "the end of the program");
    assert.deepEqual([run.output, run.errors], ["", ""]);
  });

  it("FINWAIT_SHUTDOWN=off: the signal ends the process at once", async () => {
    const { run, connect } = await started(["http"], { FINWAIT_SHUTDOWN: "off" });
    const clients = await busyClients(connect);
    run.child.kill("SIGTERM");
    await within(run.exit, "the end of the program");
    assert.equal(run.child.signalCode, "SIGTERM");
    await Promise.all(clients.map((client) => client.waitForEnd()));
    assert.equal(wholeCount(clients), 0);
    for (const client of clients) client.close();
  });

  it("FINWAIT_CLOSE: is the policy that connections end by", async () => {
    const { connect } = await started(["http"], { FINWAIT_CLOSE: '{"mode":"off"}' });
    const client = await connect({ isReading: false });
    await client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`);
    // Nobody reads at the other end any more; whether the write ends is up to the race.
    const written = client.write(new Uint8Array(UPLOAD_BYTES)).catch(() => {});
    client.resume();
    await client.waitForEnd();
    await written;
    assert.equal(client.end, "reset");
    client.close();
  });

  it("a program that attaches by itself: its policy is in force", async () => {
    const { run } = await started(["http", "attaches"]);
    assert.match(run.output, /lingers 43210/);
  });

  const refused: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
    [
      { FINWAIT_CLOSE: "no" },
      /^finwait: Cannot use FINWAIT_CLOSE no: expected an object in JSON\n$/,
    ],
    [
      { FINWAIT_CLOSE: '{"lingerTotalTimeoutMs":-1}' },
      /^finwait: FINWAIT_CLOSE: Cannot .*lingerTotalTimeoutMs.*\n$/,
    ],
    [
      { FINWAIT_ATTACH: '{"persistance":"off"}' },
      /^finwait: FINWAIT_ATTACH: Cannot .*"persistance".*\n$/,
    ],
    [{ FINWAIT_SHUTDOWN: '{"deadlineMs":-1}' }, /^finwait: Cannot .*deadlineMs.*\n$/],
    [{ FINWAIT_ATTACH: '{"clientRules":"x"}' }, /^finwait: FINWAIT_ATTACH: Cannot .*an array.*\n$/],
    [
      { FINWAIT_ATTACH: '{"learnedClients":"off"}' },
      /^finwait: FINWAIT_ATTACH: Cannot .*object.*\n$/,
    ],
    [
      { FINWAIT_ATTACH: '{"socketOptions":"on"}' },
      /^finwait: FINWAIT_ATTACH: Cannot .*"auto".*\n$/,
    ],
    [{ FINWAIT_ATTACH: '{"onNotice":"x"}' }, /^finwait: Cannot use "onNotice".*\n$/],
  ];
  for (const [environment, pattern] of refused) {
    it(`${JSON.stringify(environment)}: one line, and the program does not begin`, async () => {
      const run = start(["http"], environment);
      assert.equal(await within(run.exit, "the end of the program"), 1);
      assert.match(run.errors, pattern);
      assert.equal(run.output, "");
    });
  }
});
