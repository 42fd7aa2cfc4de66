import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { endRuns, finwaitIn, type Run } from "../support/finwait-command.ts";

// Goal: files of settings as somebody at a terminal meets them, SIGHUP included.
// Method: the built command runs as a process of its own, in a folder with such files.

const FOLDER = mkdtempSync(join(tmpdir(), "finwait-config-"));
mkdirSync(join(FOLDER, "public"));
writeFileSync(join(FOLDER, "public", "index.html"), "<p>hello</p>");

const CONFIG = join(FOLDER, "finwait.config.json");

function writeConfig(content: unknown): void {
  writeFileSync(CONFIG, typeof content === "string" ? content : JSON.stringify(content));
}

const finwait = (...args: string[]): Run => finwaitIn(FOLDER, ...args);

beforeEach(() => writeConfig({ root: "public", port: 0 }));
afterEach(endRuns);
afterAll(() => rmSync(FOLDER, { recursive: true }));

describe("finwait serve with files of settings", () => {
  it("finwait.config.json in the folder: is used, and the banner says so", async () => {
    const run = finwait("serve");
    const [, url = ""] = await run.saw(
      /Serving public on (http:\S+)\n {2}with the settings of fin/,
    );
    expect(await (await fetch(url)).text()).toBe("<p>hello</p>");
  });

  it("--no-config: leaves it alone", async () => {
    const run = finwait("serve", "--no-config", "--port", "0");
    await run.saw(/Serving \. on http:\S+\n/);
    expect(run.errors).not.toContain("settings of");
  });

  it("a flag: wins over the file", async () => {
    writeConfig({ root: "nowhere", port: 0 });
    await finwait("serve", "public").saw(/Serving public on/);
  });

  it("a limit of the file: is in force", async () => {
    writeConfig({ root: "public", port: 0, limits: { keepAliveTimeoutMs: 7_000 } });
    const [, url = ""] = await finwait("serve").saw(/on (http:\S+)/);
    const response = await fetch(url);
    expect(response.headers.get("keep-alive")).toContain("timeout=7");
  });

  it("--httpd-conf: is read, and what has no effect is one line", async () => {
    const conf = join(FOLDER, "httpd.conf");
    writeFileSync(conf, "Listen 127.0.0.1:80\nKeepAliveTimeout 9\n\nServerRoot /etc\nInclude x\n");
    const [, url = ""] = await finwait("serve", "--httpd-conf", conf).saw(/on (http:\S+)/);
    const { headers } = await fetch(url);
    expect(headers.get("keep-alive")).toContain("timeout=9");
    const run = finwait("serve", "--httpd-conf", "httpd.conf");
    await run.saw(
      /^finwait: httpd\.conf: 2 directives are not used: line 4 ServerRoot, line 5 Include$/m,
    );
  });

  it.each([
    [
      "a broken file",
      '{ "port": 80, }',
      "Cannot use finwait.config.json line 1 column 15: expected a name in double quotes",
    ],
    [
      "a name that does not exist",
      { limits: { requestLimits: 5 } },
      'Cannot use "limits.requestLimits" in finwait.config.json: ' +
        "expected a known name, perhaps limits.requestLimit",
    ],
    [
      "a value out of range",
      { port: 70_000 },
      "Cannot use port 70000 in finwait.config.json: expected an integer from 0 to 65535",
    ],
    [
      "a contradiction",
      { close: { lingerTotalTimeoutMs: 1 } },
      "Cannot use close.lingerTotalTimeoutMs 1 in finwait.config.json: " +
        "expected at least close.lingerIdleTimeoutMs, which is 5000",
    ],
  ])("%s: one sentence, and exit code 1, for serve and config", async (_, content, sentence) => {
    writeConfig(content);
    for (const command of ["serve", "config"]) {
      const run = finwait(command);
      expect(await run.exit).toBe(1);
      expect(run.errors).toContain(`finwait: ${sentence}`);
      expect(run.errors.trimEnd()).not.toContain("\n");
      expect(run.output).toBe("");
    }
  });

  it("--config with a missing file: names the flag, exit code 1", async () => {
    const run = finwait("serve", "--config", "none.json");
    expect(await run.exit).toBe(1);
    expect(run.errors).toBe("finwait: Cannot read --config none.json: there is no such file\n");
  });
});

describe("finwait config", () => {
  it("flags and a file: each value with its origin", async () => {
    const run = finwait("config", "--request-limit", "3", "--linger-connection-limit", "5");
    expect(await run.exit).toBe(0);
    expect(run.output).toMatch(/^root +public +finwait\.config\.json$/m);
    expect(run.output).toMatch(/^limits\.requestLimit +3 +--request-limit$/m);
    expect(run.output).toMatch(/^close\.lingerConnectionLimit +5 +--linger-connection-limit$/m);
    expect(run.output).toMatch(/^host +127\.0\.0\.1 +default$/m);
    expect(run.errors).toBe("");
  });

  it("--json: one object", async () => {
    const run = finwait("config", "site", "--json");
    expect(await run.exit).toBe(0);
    expect(JSON.parse(run.output)).toMatchObject({
      config: "finwait.config.json",
      settings: { root: { value: "site", origin: "[root]" } },
    });
  });
});

describe("SIGHUP", () => {
  async function serving(): Promise<{ run: Run; url: string }> {
    const run = finwait("serve", "--access-log", "off");
    const [, url = ""] = await run.saw(/on (http:\S+)/);
    return { run, url };
  }

  it("a broken file: one line says so, and the server goes on as before", async () => {
    const { run, url } = await serving();
    writeConfig('{ "limits": { "keepAliveTimeoutMs": 0 } }');
    run.child.kill("SIGHUP");
    const [line] = await run.saw(/^finwait: .*; the settings in force stay$/m);
    expect(line).toContain(
      "Cannot use limits.keepAliveTimeoutMs 0 in finwait.config.json: expected an integer from 1",
    );
    const response = await fetch(url);
    expect(await response.text()).toBe("<p>hello</p>");
    expect(response.headers.get("keep-alive")).toContain("timeout=65");
    run.child.kill("SIGTERM");
    expect(await run.exit).toBe(0);
  });

  it("a file that is gone: is as bad as a broken one", async () => {
    const { run, url } = await serving();
    rmSync(CONFIG);
    run.child.kill("SIGHUP");
    await run.saw(/^finwait: Cannot read finwait\.config\.json: there is no such file; the/m);
    expect((await fetch(url)).status).toBe(200);
  });

  it("a new port: is named as what needs a restart, twice if asked twice", async () => {
    const { run, url } = await serving();
    writeConfig({ root: "public", port: 1 });
    run.child.kill("SIGHUP");
    await run.saw(/^finwait: Needs a restart: port 0 -> 1$/m);
    run.child.kill("SIGHUP");
    await run.saw(/(?:Needs a restart: port 0 -> 1[\s\S]*){2}/);
    expect((await fetch(url)).status).toBe(200);
  });
});
