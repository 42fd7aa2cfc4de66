import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { Status } from "../../src/index.ts";
import { endRuns, finwait, type Run } from "../support/finwait-command.ts";

// Goal: the admin listener of `finwait serve` is off by default, shows the settings of the command,
// and is gone with it. Method: the built command runs as a process of its own.

const ROOT = mkdtempSync(join(tmpdir(), "finwait-admin-"));
writeFileSync(join(ROOT, "index.html"), "<p>hello</p>");

async function serving(...args: string[]): Promise<{ run: Run; url: string; adminUrl: string }> {
  const run = finwait("serve", ROOT, "--port", "0", ...args);
  const match = await run.saw(/Serving .* on (http:\S+)[\s\S]* status and metrics on (http:\S+)/);
  return { run, url: match[1] ?? "", adminUrl: match[2] ?? "" };
}

async function statusOf(adminUrl: string): Promise<Status> {
  // What the listener answers with is a status.
  return (await (await fetch(`${adminUrl}?json`)).json()) as Status;
}

afterEach(endRuns);

afterAll(() => rmSync(ROOT, { recursive: true }));

describe("finwait serve --admin-port", () => {
  it("left out, or -1: there is no admin listener", async () => {
    for (const args of [[], ["--admin-port", "-1"]]) {
      const run = finwait("serve", ROOT, "--port", "0", ...args);
      await run.saw(/Serving .* on http/);
      expect(run.errors).not.toContain("status and metrics");
      await endRuns();
    }
  });

  it("0: the banner says where it is, and its counts are those of the server", async () => {
    const { url, adminUrl } = await serving("--admin-port", "0");
    expect(adminUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    await (await fetch(url)).text();
    const status = await statusOf(adminUrl);
    expect(status.url).toBe(url);
    expect(status.requests.finishedCount).toBe(1);
  });

  it("settings: are shown with who gave them, after a reload too", async () => {
    const config = join(ROOT, "finwait.config.json");
    const write = (requestLimit: number) =>
      writeFileSync(config, JSON.stringify({ limits: { requestLimit } }));
    write(5);
    const args = ["--config", config, "--admin-port", "0", "--linger-limit-bytes", "9"];
    const { run, adminUrl } = await serving(...args);
    const settings = async () =>
      new Map((await statusOf(adminUrl)).settings.map(({ name, ...rest }) => [name, rest]));
    const first = await settings();
    expect(first.get("limits.requestLimit")).toEqual({ value: 5, origin: config });
    expect(first.get("close.lingerLimitBytes")).toEqual({
      value: 9,
      origin: "--linger-limit-bytes",
    });
    expect(first.get("close.mode")).toEqual({ value: "lingering", origin: "default" });
    write(6);
    run.child.kill("SIGHUP");
    await run.saw(/Reloaded: limits\.requestLimit 5 -> 6/);
    expect((await settings()).get("limits.requestLimit")).toEqual({ value: 6, origin: config });
  });

  it("SIGTERM with an open page: it is up until the end, then the process ends", async () => {
    const { run, adminUrl } = await serving("--admin-port", "0", "--shutdown-announce-ms", "700");
    // Its connection persists, as that of a browser would.
    await statusOf(adminUrl);
    run.child.kill("SIGTERM");
    await run.saw(/Shutting down/);
    expect((await statusOf(adminUrl)).phase).toBe("announcing");
    expect(await run.exit).toBe(0);
  });

  it("a port that is taken: one sentence, and exit code 1", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const address = blocker.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const run = finwait("serve", ROOT, "--port", "0", "--admin-port", `${port}`);
    expect(await run.exit).toBe(1);
    expect(run.errors).toMatch(/^finwait: Cannot listen on 127\.0\.0\.1 port \d+ for status and/m);
    await new Promise((resolve) => blocker.close(resolve));
  });

  it("a name with a port: one sentence, and exit code 1", async () => {
    const args = ["--admin-port", "0", "--admin-allowed-hosts", "a.example:80"];
    const run = finwait("serve", ROOT, "--port", "0", ...args);
    expect(await run.exit).toBe(1);
    expect(run.errors).toMatch(/Cannot use "a\.example:80" in allowedHosts/);
  });
});
