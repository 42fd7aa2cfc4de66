import { describe, expect, it } from "vitest";
import { UsageError } from "./cli-error.ts";
import { readHttpdConf } from "./httpd-conf.ts";
import { originText, type SettingValue } from "./setting.ts";
import { resolveSettings } from "./settings.ts";

// Goal: every directive means here what it means in httpd, or is listed.
// Method: texts in; settings, the list, or the sentence, out. What is read has to suit the library.

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

function settingsOf(...lines: string[]): Record<string, SettingValue> {
  const httpdConf = readHttpdConf(lines.join("\n"), "httpd.conf").settings;
  resolveSettings({ flags: new Map(), file: new Map(), httpdConf });
  return Object.fromEntries([...httpdConf].map(([name, { value }]) => [name, value]));
}

function unreadOf(...lines: string[]): string[] {
  const { unread } = readHttpdConf(lines.join("\n"), "httpd.conf");
  return unread.map(({ line, directive, reason }) => `${line} ${directive}: ${reason}`);
}

describe("readHttpdConf", () => {
  it.each<[string, Record<string, SettingValue>]>([
    ["KeepAlive On", { persistence: "on" }],
    ["KEEPALIVE off", { persistence: "off" }],
    ["KeepAliveTimeout 5", { "limits.keepAliveTimeoutMs": 5_000 }],
    ["KeepAliveTimeout 500ms", { "limits.keepAliveTimeoutMs": 500 }],
    ["KeepAliveTimeout 2s", { "limits.keepAliveTimeoutMs": 2_000 }],
    ["KeepAliveTimeout 2mi", { "limits.keepAliveTimeoutMs": 120_000 }],
    ["KeepAliveTimeout 1H", { "limits.keepAliveTimeoutMs": 3_600_000 }],
    ["KeepAliveTimeout 0", { persistence: "off" }],
    ["MaxKeepAliveRequests 100", { "limits.requestLimit": 100 }],
    ["MaxKeepAliveRequests 0", { "limits.requestLimit": 0 }],
    ["Timeout 60", { "limits.sendTimeoutMs": 60_000, "limits.bodyRateWindowMs": 60_000 }],
    ["ListenBacklog 511", { backlog: 511 }],
    ["LimitRequestBody 1000", { "limits.bodyLimitBytes": 1_000 }],
    ["LimitRequestBody 0", { "limits.bodyLimitBytes": NO_LIMIT }],
    ["LimitRequestFields 50", { "limits.fieldCountLimit": 50 }],
    ["LimitRequestFields 0", { "limits.fieldCountLimit": NO_LIMIT }],
    ["LimitRequestFieldSize 4094", { "limits.fieldLineLimitBytes": 4_094 }],
    [
      "LimitRequestFieldSize 65536",
      { "limits.fieldLineLimitBytes": 65_536, "limits.headLimitBytes": 65_536 + 8_192 },
    ],
    ["LimitRequestLine 4094", { "limits.requestLineLimitBytes": 4_094 }],
    ["Listen 8080", { host: "::", port: 8_080 }],
    ["Listen *:8080", { host: "::", port: 8_080 }],
    ["Listen 127.0.0.1:81 http", { host: "127.0.0.1", port: 81 }],
    ["Listen [2001:db8::1]:80", { host: "2001:db8::1", port: 80 }],
    ["Listen example.test:80", { host: "example.test", port: 80 }],
    ['DocumentRoot "/var/www/my site"', { root: "/var/www/my site" }],
    ["RequestReadTimeout header=20-40,MinRate=500", { "limits.headerTimeoutMs": 40_000 }],
    ["RequestReadTimeout header=10", { "limits.headerTimeoutMs": 10_000 }],
    ["RequestReadTimeout header=0", { "limits.headerTimeoutMs": 86_400_000 }],
    [
      "RequestReadTimeout body=10,MinRate=1000",
      { "limits.bodyRateWindowMs": 10_000, "limits.bodyMinRateBytesPerSecond": 1_000 },
    ],
    ["RequestReadTimeout BODY=0", { "limits.bodyMinRateBytesPerSecond": 0 }],
  ])("%s: %j", (line, settings) => {
    expect(settingsOf(line)).toEqual(settings);
    expect(unreadOf(line)).toEqual([]);
  });

  it.each([
    ["KeepAlive", "without a value", "On or Off"],
    ["KeepAlive Yes", "Yes", "On or Off"],
    ["KeepAlive On Off", "On Off", "On or Off"],
    ["KeepAliveTimeout soon", "soon", "a time up to a day, in seconds or as in 500ms"],
    ["KeepAliveTimeout -1", "-1", "a time up to a day, in seconds or as in 500ms"],
    ["KeepAliveTimeout 25h", "25h", "a time up to a day, in seconds or as in 500ms"],
    ["MaxKeepAliveRequests -1", "-1", "a number of requests, or 0 for no limit"],
    ["Timeout 0", "0", "seconds from 1 to 86400"],
    ["Timeout 60s", "60s", "seconds from 1 to 86400"],
    ["ListenBacklog 0", "0", "a number from 1 to 2147483647"],
    ["LimitRequestBody 1G", "1G", "a number of bytes, or 0 for no limit"],
    ["LimitRequestFields x", "x", "a number of field lines, or 0 for no limit"],
    ["LimitRequestFieldSize 0", "0", "a number of bytes from 1"],
    ["LimitRequestLine 0", "0", "a number of bytes from 1"],
    ["Listen 0", "0", "a port, or an address, a colon and a port"],
    ["Listen 70000", "70000", "a port, or an address, a colon and a port"],
    ["Listen ::1", "::1", "a port, or an address, a colon and a port"],
    ["Listen 80 http x", "80 http x", "a port, or an address, a colon and a port"],
    ['DocumentRoot ""', "", "a folder"],
    [
      "RequestReadTimeout body=slow",
      "body=slow",
      "header= and body= with seconds up to a day, as in body=20,MinRate=500",
    ],
  ])("%s: is an error that names line, directive, value and what is allowed", (...row) => {
    const [line, value, expected] = row;
    const [name] = line.split(" ");
    const read = () => readHttpdConf(`# first\n${line}`, "conf/httpd.conf");
    expect(read).toThrow(UsageError);
    expect(read).toThrow(
      new UsageError(`Cannot use ${name} ${value} in conf/httpd.conf:2: expected ${expected}`),
    );
  });

  it("every value: has its line as its origin", () => {
    const { settings } = readHttpdConf("\n\nKeepAliveTimeout 0\nListen 80", "a/httpd.conf");
    const origins = [...settings].map(([name, { origin }]) => `${name} ${originText(origin)}`);
    expect(origins.sort()).toEqual([
      "host a/httpd.conf:4",
      "persistence a/httpd.conf:3",
      "port a/httpd.conf:4",
    ]);
  });

  it("KeepAliveTimeout 0: ends persistence also if KeepAlive On follows", () => {
    expect(settingsOf("KeepAliveTimeout 0", "KeepAlive On")).toEqual({ persistence: "off" });
  });

  it.each([
    ["after", ["Timeout 300", "RequestReadTimeout body=20,MinRate=500"]],
    ["before", ["RequestReadTimeout body=20,MinRate=500", "Timeout 300"]],
  ])("RequestReadTimeout %s Timeout: says how long a body may be silent", (_, lines) => {
    expect(settingsOf(...lines)).toMatchObject({
      "limits.sendTimeoutMs": 300_000,
      "limits.bodyRateWindowMs": 20_000,
    });
  });

  it("a DocumentRoot that is relative: begins at ServerRoot, or at the file", () => {
    expect(settingsOf("ServerRoot /etc/httpd", "DocumentRoot htdocs").root).toBe(
      "/etc/httpd/htdocs",
    );
    const { settings } = readHttpdConf("DocumentRoot htdocs", "conf/httpd.conf");
    expect(settings.get("root")?.value).toBe("conf/htdocs");
    expect(unreadOf("ServerRoot /etc/httpd", "DocumentRoot htdocs")).toEqual([]);
  });
});

describe("what has no effect", () => {
  it("a file as there are many: is listed line by line, in its order", () => {
    expect(
      unreadOf(
        "ServerRoot /etc/httpd",
        "LoadModule mpm_event_module modules/mod_mpm_event.so",
        "Listen 80",
        "Listen 443 https",
        "KeepAlive Off",
        "Include conf.d/*.conf",
        "IncludeOptional sites/*.conf",
        "<VirtualHost *:80>",
        "  DocumentRoot /var/www/other",
        "</VirtualHost>",
        "<IfModule x>",
        "  KeepAlive On",
        "</IfModule>",
        `Timeout \${TIMEOUT}`,
      ),
    ).toEqual([
      "1 ServerRoot: it has no counterpart",
      "2 LoadModule: it has no counterpart",
      "4 Listen: only the first Listen is used",
      "5 KeepAlive: line 12 has the last word",
      "6 Include: other files are not read",
      "7 IncludeOptional: other files are not read",
      "8 <VirtualHost>: sections are not read",
      "9 DocumentRoot: it is inside <VirtualHost> of line 8",
      `14 Timeout: variables as in \${TIMEOUT} are not known`,
    ]);
  });

  it.each([
    ["Listen 443 https", ["its protocol is not read: a certificate and a key make it https"]],
    ["RequestReadTimeout body=20", ["body=20 has no counterpart"]],
    ["RequestReadTimeout body=20-40,MinRate=500", ["body=20-40,MinRate=500 has no counterpart"]],
    ["RequestReadTimeout handshake=5 header=5", ["handshake=5 has no counterpart"]],
  ])("%s: a part of it is listed", (line, reasons) => {
    const [name] = line.split(" ");
    expect(unreadOf(line)).toEqual(reasons.map((reason) => `1 ${name}: ${reason}`));
  });

  it("BrowserMatch: is kept for the client rules, with its line", () => {
    const { browserMatches, unread } = readHttpdConf(
      'BrowserMatch "Mozilla/2" nokeepalive\nbrowsermatchnocase "MSIE 4\\.0b2;" nokeepalive x',
      "httpd.conf",
    );
    expect(browserMatches).toEqual([
      { args: ["Mozilla/2", "nokeepalive"], isCaseIgnored: false, line: 1 },
      { args: ["MSIE 4\\.0b2;", "nokeepalive", "x"], isCaseIgnored: true, line: 2 },
    ]);
    expect(unread).toEqual([]);
  });
});
