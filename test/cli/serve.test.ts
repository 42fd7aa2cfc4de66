import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { endRuns, finwait, type Run } from "../support/finwait-command.ts";

// Goal: `finwait serve` as somebody at a terminal sees it: banner, log, errors, signals.
// Method: the built command runs as a process of its own, and its output is read.

const ROOT = mkdtempSync(join(tmpdir(), "finwait-cli-"));
writeFileSync(join(ROOT, "index.html"), "<p>hello</p>");
writeFileSync(join(ROOT, "large.bin"), Buffer.alloc(20_000_000, "x"));

async function serving(...args: string[]): Promise<{ run: Run; url: string }> {
  const run = finwait("serve", ROOT, "--port", "0", ...args);
  const match = await run.saw(/Serving .* on (https?:\/\/\S+)/);
  return { run, url: match[1] ?? "" };
}

afterEach(endRuns);

afterAll(() => rmSync(ROOT, { recursive: true }));

describe("finwait serve", () => {
  it("a folder: says where it is, serves it, and logs a line per response", async () => {
    const { run, url } = await serving();
    const response = await fetch(url, { headers: { "user-agent": "test" } });
    expect(await response.text()).toBe("<p>hello</p>");
    const [line] = await run.saw(/^127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 12$/m);
    expect(line).toMatch(/\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]/);
  });

  it("--access-log combined: adds referer and agent, escaped", async () => {
    const { run, url } = await serving("--access-log", "combined");
    await fetch(url, { headers: { "user-agent": 'a"b', referer: "http://example.test/" } });
    await run.saw(/200 12 "http:\/\/example\.test\/" "a\\"b"$/m);
  });

  it("--access-log json: one object per line", async () => {
    const { run, url } = await serving("--access-log", "json");
    await fetch(`${url}none`);
    const [line] = await run.saw(/^\{.*\}$/m);
    expect(JSON.parse(line)).toMatchObject({ method: "GET", target: "/none", status: 404 });
  });

  it("--access-log off: logs nothing", async () => {
    const { run, url } = await serving("--access-log", "off");
    await fetch(url);
    run.child.kill("SIGTERM");
    await run.exit;
    expect(run.output).toBe("");
  });

  it("--host 0.0.0.0: shows addresses to type, not the wildcard", async () => {
    const { url } = await serving("--host", "0.0.0.0");
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  it("SIGTERM during a download: it is completed, then the process ends with 0", async () => {
    const { run, url } = await serving("--shutdown-deadline-ms", "60000");
    const response = await fetch(`${url}large.bin`);
    run.child.kill("SIGTERM");
    await run.saw(/Shutting down, 1 connection open/);
    expect((await response.arrayBuffer()).byteLength).toBe(20_000_000);
    // The connection ends with the response, although its head promised persistence: no deadline.
    expect(await run.exit).toBe(0);
  });

  it("a second SIGINT: the process ends at once with 130", async () => {
    const { run, url } = await serving();
    // The body is not read, so that the download cannot finish.
    const response = await fetch(`${url}large.bin`);
    run.child.kill("SIGINT");
    await run.saw(/Shutting down/);
    run.child.kill("SIGINT");
    expect(await run.exit).toBe(130);
    await response.body?.cancel().catch((error: Error) => expect(error).toBeInstanceOf(Error));
  });
});

describe("finwait with something wrong", () => {
  const missing = join(ROOT, "missing");
  const page = join(ROOT, "index.html");
  it.each([
    ["a bad flag", ["serve", ROOT, "--prot", "1"], /unknown option '--prot'/],
    [
      "a bad choice",
      ["serve", ROOT, "--close", "never"],
      /Cannot use --close "never": expected "lin/,
    ],
    ["a bad number", ["serve", ROOT, "--port", "x"], /Cannot use --port "x": expected an integer/],
    [
      "a port beyond 65535",
      ["serve", ROOT, "--port", "70000"],
      /expected an integer from 0 to 65535/,
    ],
    ["a missing folder", ["serve", missing], /Cannot serve files from ".*missing"/],
    ["a file as folder", ["serve", page], /Cannot serve files from/],
    [
      "a certificate without key",
      ["serve", ROOT, "--tls-cert", page],
      /Cannot use --tls-cert alone: expected --tls-key as well/,
    ],
    [
      "an unreadable certificate",
      ["serve", ROOT, "--tls-cert", missing, "--tls-key", missing],
      /Cannot read --tls-cert .*: there is no such file/,
    ],
    [
      "a certificate that is none",
      ["serve", ROOT, "--tls-cert", page, "--tls-key", page],
      /Cannot use --tls-cert .* with --tls-key/,
    ],
    [
      "contradicting limits",
      ["serve", ROOT, "--linger-total-timeout-ms", "1"],
      /Cannot use --linger-total-timeout-ms 1: expected at least close.lingerIdleTimeoutMs/,
    ],
  ])("%s: one sentence, and exit code 1", async (_, args, sentence) => {
    const run = finwait(...args);
    expect(await run.exit).toBe(1);
    expect(run.errors).toMatch(sentence);
    expect(run.errors).not.toMatch(/^ +at /m);
    expect(run.output).toBe("");
  });

  it("a port in use: names the port and the way out, exit code 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const run = finwait("serve", ROOT, "--port", String(port));
    expect(await run.exit).toBe(1);
    expect(run.errors).toMatch(new RegExp(`port ${port}: another program has it`));
    other.close();
  });

  it("--version: prints the version of the package", async () => {
    const run = finwait("--version");
    expect(await run.exit).toBe(0);
    expect(run.output).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("--help: names the command", async () => {
    const run = finwait("--help");
    expect(await run.exit).toBe(0);
    expect(run.output).toMatch(/serve .*serve the files of a folder/);
  });
});
