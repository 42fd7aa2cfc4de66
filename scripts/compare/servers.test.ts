import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMPARE_PATH, type Place, SERVERS, versionOf } from "./servers.ts";

// Goal: what the list of servers names is there, and nothing else is.
// Method: every recipe is asked what it would start in a made-up place, and its files are read.

const PLACE: Place = {
  port: 1,
  tlsPort: 2,
  originPort: 3,
  sitePath: "/site",
  scratchPath: "/scratch",
  certPath: "/cert.pem",
  keyPath: "/key.pem",
  certAndKeyPath: "/both.pem",
};

describe("SERVERS", () => {
  for (const { name, files, listeners, invocations } of SERVERS) {
    it(`${name}: its files exist, and configurations take their place from marks`, () => {
      for (const file of files) {
        const path = join(COMPARE_PATH, file);
        expect(existsSync(path), path).toBe(true);
        if (!file.startsWith("configs/")) continue;
        const text = readFileSync(path, "utf8");
        expect(text, file).toContain("@PORT@");
        expect(text.includes("@TLS_PORT@"), file).toBe(listeners.includes("tls"));
      }
    });

    it(`${name}: it is started with one of its files, or by its command alone`, () => {
      const argv = invocations(PLACE, "command").flatMap((each) => each.argv);
      const paths = files.map((file) =>
        file.startsWith("configs/")
          ? join(PLACE.scratchPath, file.slice("configs/".length))
          : join(COMPARE_PATH, file),
      );
      expect(files.length === 0 || argv.some((each) => paths.includes(each))).toBe(true);
    });
  }

  it("a file in configs/ or apps/: some server names it", () => {
    const named = new Set(SERVERS.flatMap(({ files }) => files));
    // What every app imports.
    named.add("apps/pages.mjs");
    const found = ["configs", "apps"].flatMap((folder) =>
      readdirSync(join(COMPARE_PATH, folder)).map((file) => `${folder}/${file}`),
    );
    expect(found.filter((file) => !named.has(file))).toEqual([]);
  });

  it("the names: no two are alike", () => {
    const names = SERVERS.map(({ name }) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("versionOf", () => {
  const versionFor = (name: string, printed: string): string | undefined => {
    const recipe = SERVERS.find((each) => each.name === name);
    return recipe === undefined ? undefined : versionOf(recipe, printed);
  };

  it("what commands print: the number is found", () => {
    expect(versionFor("nginx", "nginx version: nginx/1.22.1\n")).toBe("1.22.1");
    expect(versionFor("HAProxy", "HAProxy version 2.6.12-1+deb12u4 2026/10/17 -")).toBe("2.6.12");
    expect(versionFor("Caddy", "v2.11.4 h1:abc=")).toBe("2.11.4");
  });

  it("an app under Node: says its package, too", () => {
    expect(versionFor("node:http", "v20.20.2")).toBe("Node 20.20.2");
    expect(versionFor("Express", "v20.20.2")).toMatch(/^express \d+\.\d+\.\d+ on Node 20\.20\.2$/);
  });
});
