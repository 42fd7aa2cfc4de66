import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configJson, configText } from "./config-command.ts";
import { type LoadedSettings, loadSettings, unreadNotice } from "./loaded-settings.ts";
import { serveOptionsOf } from "./serve-options.ts";

// Goal: the files of a command line become settings, a report, and the options of serve().
// Method: real files in a folder of its own; text and objects out.

const FOLDER = mkdtempSync(join(tmpdir(), "finwait-settings-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

const CONFIG = file(
  "a.json",
  JSON.stringify({ root: ".", port: 81, limits: { requestLimit: 5 }, static: { spa: true } }),
);
const HTTPD_CONF = file(
  "httpd.conf",
  'ServerRoot /etc\nListen 82\nKeepAlive Off\nBrowserMatch "Mozilla/2" nokeepalive\n',
);

function load(options: Record<string, unknown> = {}): LoadedSettings {
  return loadSettings({
    root: undefined,
    options: { config: CONFIG, httpdConf: HTTPD_CONF, ...options },
  });
}

describe("loadSettings", () => {
  it("a file and an httpd.conf: are both read, and named", () => {
    const { settings, configPath, httpdConfPath } = load();
    expect([configPath, httpdConfPath]).toEqual([CONFIG, HTTPD_CONF]);
    expect([settings.number("port"), settings.text("persistence")]).toEqual([81, "off"]);
  });

  it("a file that was used before and is gone: is an error, not the defaults", () => {
    const gone = join(FOLDER, "gone.json");
    expect(() => loadSettings({ root: undefined, options: {} }, gone)).toThrow(
      `Cannot read ${gone}: there is no such file`,
    );
  });
});

describe("unreadNotice", () => {
  it("lines without effect: are counted and named", () => {
    expect(unreadNotice(load())).toMatch(
      /httpd\.conf: \d directives? (?:is|are) not used: line 1 ServerRoot/,
    );
  });

  it("nothing unread: there is no notice", () => {
    expect(unreadNotice(load({ httpdConf: undefined }))).toBeNull();
  });

  it("more than twenty: the rest is a number, and control characters are shown as such", () => {
    const path = file("many.conf", "Bad\u001b[2J x\n".repeat(25));
    const notice = unreadNotice(load({ httpdConf: path })) ?? "";
    expect(notice).toContain(`${path}: 25 directives are not used: line 1 "Bad\\u001b[2J"`);
    expect(notice).toMatch(/line 20 [^,]*, and 5 more, which "finwait config" lists$/);
  });
});

describe("configText", () => {
  it("each setting: has its value and origin in columns, and unread lines a list", () => {
    const text = configText(load());
    const columns = text.split("\n").map((line) => line.split(/ {2,}/));
    expect(columns).toContainEqual(["port", "81", CONFIG]);
    expect(columns).toContainEqual(["persistence", "off", `${HTTPD_CONF}:3`]);
    expect(columns).toContainEqual(["limits.requestLimit", "5", CONFIG]);
    expect(columns).toContainEqual(["tls.cert", '""', "default"]);
    expect(text).toContain(
      `\n\nNot used in ${HTTPD_CONF}:\n  line 1  ServerRoot: it has no counterpart\n`,
    );
    const starts = text.split("\n").filter((line) => /default$/.test(line));
    expect(new Set(starts.map((line) => line.lastIndexOf("default"))).size).toBe(1);
  });
});

describe("configJson", () => {
  it("the same, for programs", () => {
    const content: unknown = JSON.parse(configJson(load()));
    expect(content).toMatchObject({
      config: CONFIG,
      httpdConf: HTTPD_CONF,
      settings: {
        port: { value: 81, origin: CONFIG },
        "close.mode": { value: "lingering", origin: "default" },
      },
    });
    expect(content).toHaveProperty("unread.0", {
      line: 1,
      directive: "ServerRoot",
      reason: "it has no counterpart",
    });
  });
});

describe("serveOptionsOf", () => {
  it("settings: become options, without the library's own defaults", () => {
    expect(serveOptionsOf(load())).toMatchObject({
      host: "::",
      port: 81,
      backlog: 511,
      limits: { requestLimit: 5 },
      close: {},
      persistence: "off",
      shippedClientRules: "on",
    });
    expect(serveOptionsOf(load()).limits).toEqual({ requestLimit: 5 });
    expect(serveOptionsOf(load())).not.toHaveProperty("tls");
  });

  it("a root of a file that does not exist: is named with the file", () => {
    const path = file("root.json", '{ "root": "nowhere" }');
    expect(() => serveOptionsOf(load({ config: path }))).toThrow(
      `Cannot serve files from "${join(FOLDER, "nowhere")}": ` +
        `expected a directory that exists, as root in ${path}`,
    );
  });

  it("a certificate of a file that cannot be read: is named as it stands there", () => {
    const path = file("tls.json", '{ "tls": { "cert": "no.pem", "key": "no.pem" } }');
    expect(() => serveOptionsOf(load({ config: path }))).toThrow(
      `Cannot read tls.cert ${join(FOLDER, "no.pem")}: there is no such file`,
    );
  });
});
