import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, it } from "vitest";
import { CATALOGUE } from "../../src/probe/cases/catalogue.ts";
import type { ProbeReport } from "../../src/probe/probe-report.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "../probe/fixture-connection.ts";
import { FixtureServer, type FixtureServerOptions } from "../probe/fixture-server.ts";
import { within } from "../support/deadline.ts";
import { endRuns, finwait } from "../support/finwait-command.ts";

// Goal: `finwait probe` as somebody at a terminal and a CI system see it. How: the built command
// probes fixture servers, right ones and one that is broken on purpose.

const FOLDER = mkdtempSync(join(tmpdir(), "finwait-probe-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
afterEach(endRuns);

type Answer = (connection: Socket) => void;

/**
 * A server whose name is an attack. From OPTIONS on, which is what the probe asks last when it
 * looks around, every request is left to `answer`.
 */
function turning(answer: Answer): FixtureServerOptions {
  let isLookedAround = false;
  class Turning extends FixtureConnection {
    protected override handleRequest(request: FixtureRequest): void {
      if (isLookedAround) {
        this.isEnding = true;
        answer(this.socket);
      } else {
        super.handleRequest(request);
      }
      isLookedAround ||= request.method === "OPTIONS";
    }

    /** What answers nothing says nothing later either. */
    protected override handleIdle(): void {
      if (!this.isEnding) super.handleIdle();
    }

    protected override responseTo(request: FixtureRequest): FixtureResponse {
      const response = super.responseTo(request);
      return { ...response, fields: [...(response.fields ?? []), "Server: <script>\x1b[2J"] };
    }
  }
  return { Connection: Turning };
}

const RESETTING = (): FixtureServerOptions => turning((socket) => socket.resetAndDestroy());
const SILENT = (): FixtureServerOptions => turning(() => {});

interface Ended {
  readonly output: string;
  readonly errors: string;
  readonly exit: number | null;
}

async function ended(...args: string[]): Promise<Ended> {
  const run = finwait("probe", ...args);
  const exit = await within(run.exit, "the probe to end", () => run.output + run.errors, 15_000);
  return { output: run.output, errors: run.errors, exit };
}

const QUICK = ["--answer-ms", "1000", "--upload-bytes", "8000000"];
const PATHS = ["--medium-path", "/medium", "--large-path", "/large", "--refuse-path", "/refuse"];

async function probed(options: FixtureServerOptions, ...args: string[]): Promise<Ended> {
  await using server = await FixtureServer.start(options);
  const scheme = options.isTls === true ? "https" : "http";
  return await ended(`${scheme}://127.0.0.1:${server.port}/`, ...QUICK, ...PATHS, ...args);
}

const reportIn = ({ output }: Ended): ProbeReport => JSON.parse(output) as ProbeReport;

describe("finwait probe", () => {
  it("a server that lingers: passes, exit code 0, in 80 columns", async () => {
    const { output, errors, exit } = await probed({}, "--case", "early/200k-length-close");
    assert.deepEqual([exit, errors], [0, ""], output);
    assert.match(output, /^finwait probe http:\/\/127\.0\.0\.1:\d+\/\n {2}at 127\.0\.0\.1\n/);
    assert.match(output, /\n {2}medium early +POST \/medium, 200, 200 KB\n/);
    assert.match(output, /\nearly: .*\n {2}pass +must +200k-length-close: /);
    assert.match(output, /\n1 case: 1 pass\.\nNo must failed\.\nIn [\d.]+ s, with \d+ connections/);
    for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("a server that resets: exit code 1, what to do, and a time line with RST", async () => {
    const { output, exit } = await probed(RESETTING(), "--case", "early/6m-length-close");
    assert.equal(exit, 1, output);
    assert.match(output, /\n {2}fail +must +6m-length-close: /);
    assert.match(output, /\n {4}Rule: RFC 9112, 9\.6\. .*\n {4}What to do: docs\/closing\.md#/s);
    assert.match(output, /\+\d+ ms RST \((?:ECONNRESET|EPIPE)\)\n/);
    assert.match(output, /\nFailed musts:\n {2}early, 1: 6m-length-close\n/);
    assert.doesNotMatch(output.replaceAll("\n", ""), /\p{Cc}/u);
  });

  it("--json: one object, with the topic's cases in order, over TLS", async () => {
    const ended = await probed({ isTls: true }, "--case", "early", "--json");
    const report = reportIn(ended);
    assert.equal(ended.exit, 0, ended.errors);
    const ids = CATALOGUE.map(({ id }) => id).filter((id) => id.startsWith("early/"));
    assert.deepEqual(
      report.cases.map(({ id }) => id),
      ids,
    );
    assert.equal(report.counts.pass, ids.length);
    assert.match(report.url, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(report.address, "127.0.0.1");
    assert.ok(report.sentBytes > 0 && report.connectionCount > ids.length);
  });

  it("--repeat: a rate, at the address of localhost", async () => {
    await using server = await FixtureServer.start();
    const url = `http://localhost:${server.port}/`;
    const args = [...QUICK, ...PATHS, "--case", "early/small-length", "--repeat", "3"];
    const { output, exit } = await ended(url, ...args);
    assert.equal(exit, 0, output);
    assert.match(output, /\n {2}at 127\.0\.0\.1\n/);
    assert.match(output, /\n +pass 3 of 3\n/);
  });

  it("what is not reached: neither a pass nor a failure", async () => {
    const args = ["--case", "early/6m-length"];
    await using server = await FixtureServer.start();
    const { output, exit } = await ended(`http://127.0.0.1:${server.port}/`, ...QUICK, ...args);
    assert.equal(exit, 0);
    assert.match(output, /\n {2}not reached 1 case, more with --large-path: 6m-length\n/);
    assert.match(output, /\n1 case: 1 not reached\.\n/);
  });

  it("--html and --junit: files, in which a server's name is text", async () => {
    const [html, junit] = [join(FOLDER, "report.html"), join(FOLDER, "report.xml")];
    const files = ["--html", html, "--junit", junit];
    await probed(RESETTING(), "--case", "early/6m-length-close", ...files);
    const page = readFileSync(html, "utf8");
    assert.match(page, /<dd>&lt;script&gt;\ufffd\[2J<\/dd>/);
    assert.doesNotMatch(page, /<script/);
    const suites = readFileSync(junit, "utf8");
    assert.match(suites, /<testsuites name="[^"]+" tests="1" failures="1" errors="0" skipped="0"/);
    assert.match(suites, /value="&lt;script&gt;\ufffd\[2J"/);
  });

  it("the end of --max-seconds: the rest is not reached, and it ends", async () => {
    const args = ["--case", "early/small-length", "--case", "early/small-chunked", "--json"];
    const times = ["--answer-ms", "60000", "--max-seconds", "3"];
    const report = reportIn(await probed(SILENT(), ...args, ...times));
    for (const { verdict, decisive } of report.cases) {
      assert.equal(verdict, "not reached");
      assert.equal(decisive.seen, "The run was over after 3000 ms: --max-seconds");
    }
  });
});

describe("paths that are named", () => {
  it.each([
    ["--large-path", "/medium", "it has 200 KB, and at least 4 MB are needed"],
    ["--medium-path", "/nosuch", "GET says 404"],
    [
      "--refuse-path",
      "/upload",
      "no answer came before the content; body parsers read all of it first",
    ],
    ["--upload-path", "/nosuch", "POST says 404"],
    ["--empty-path", "/medium", "GET says 200, and 204 is needed"],
  ])("%s %s: an error before any case", async (option, path, reason) => {
    await using server = await FixtureServer.start();
    const url = `http://127.0.0.1:${server.port}/`;
    const { output, errors, exit } = await ended(url, ...QUICK, option, path);
    assert.deepEqual([output, exit], ["", 1]);
    assert.equal(errors, `finwait: Cannot use ${option} ${path}: ${reason}\n`);
  });
});

describe("finwait probe --list", () => {
  it("text: every id with its level", async () => {
    const { output, exit } = await ended("--list");
    assert.equal(exit, 0);
    const found = [...output.matchAll(/^ {2}(must|should|kind) +(\S+)$/gm)];
    assert.deepEqual(
      found.map((match) => match.slice(1)),
      CATALOGUE.map(({ id, level }) => [level, id]),
    );
    for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("--json: the data of the cases of a topic", async () => {
    const { output } = await ended("--list", "--json", "--case", "early");
    const { cases } = JSON.parse(output) as { cases: readonly Record<string, unknown>[] };
    const wanted = CATALOGUE.filter(({ id }) => id.startsWith("early/"));
    assert.deepEqual(
      cases,
      wanted.map(({ run: _, isPatient = false, ...data }) => ({ ...data, isPatient })),
    );
  });
});

describe("what cannot be probed", () => {
  async function refused(exitCode: number, ...args: string[]): Promise<string> {
    const { output, errors, exit } = await ended(...args);
    assert.deepEqual([output, exit], ["", exitCode], errors);
    return errors;
  }

  it("an address of the Internet: exit code 2, and what to say if it is one's own", async () => {
    const errors = await refused(2, "http://192.0.2.1/");
    assert.equal(
      errors,
      "finwait: Refused to probe 192.0.2.1: it is neither this machine nor in a private network. " +
        "If it is yours to test, say so with --i-may-test-this-host\n",
    );
  });

  it("nobody there: exit code 2, and why", async () => {
    const port = await freePort();
    const errors = await refused(2, `http://127.0.0.1:${port}/`);
    assert.match(errors, /^finwait: Cannot probe http:\/\/127\.0\.0\.1:\d+\/: .*ECONNREFUSED/);
  });

  it("plain HTTP under an https URL: exit code 2, and the URL that is perhaps meant", async () => {
    await using server = await FixtureServer.start();
    const errors = await refused(2, `https://127.0.0.1:${server.port}/`);
    assert.match(errors, /No TLS handshake: ERR_SSL_\w+, perhaps http:\/\/127\.0\.0\.1:\d+\/\?\n$/);
  });

  it("no whole response there: exit code 2, and what came, without escape sequences", async () => {
    const greet = (socket: Socket): void => {
      socket.on("error", () => {}).end("HTTP/1.1 200 \x1b[2J\r\nContent-Length: 9\r\n\r\n");
    };
    const server = createServer(greet);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const errors = await refused(2, `http://127.0.0.1:${address.port}/`, "--answer-ms", "500");
    assert.match(errors, /^finwait: Cannot probe: GET \/ got no whole HTTP\/1\.1 response/);
    assert.match(errors, /\(HTTP\/1\.1 200 \ufffd\[2J, fin\)\n$/);
    server.close();
  });

  it.each([
    [[], /^finwait: Cannot probe nothing: expected a URL, or --list\n$/],
    [["http://127.0.0.1/", "--case", "erly"], /^finwait: Cannot find case "erly": expected perha/],
    [
      ["http://127.0.0.1/", "--html", "/nowhere/x"],
      /--html \/nowhere\/x: there is no folder \/nowhere\n/,
    ],
    [["http://127.0.0.1/", "--junit", FOLDER], /^finwait: Cannot write --junit .*: it is a dir/],
    [["http://127.0.0.1/", "--repeat", "0"], /Expected a whole number from 1 to 1,000\./],
  ])("%j: exit code 1, and one sentence", async (args, expected) => {
    assert.match(await refused(1, ...args), expected);
  });
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  await using server = await FixtureServer.start();
  return server.port;
}
