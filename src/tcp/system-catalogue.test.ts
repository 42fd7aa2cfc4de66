import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  finWait2TimeoutMs,
  SYSTEM_CATALOGUE,
  systemById,
  systemsOfPlatform,
} from "./system-catalogue.ts";

// Goal: the catalogue is complete, has sources, and says what the Apache page says. Method: the
// systems and values of the page are listed here once more, by hand.

/** What the page says: the orphan's milliseconds, null where it gives no value. */
const PAGE: readonly (readonly [id: string, orphanMs: number | null])[] = [
  ["freebsd-2", 675_000],
  ["netbsd-1.2", 675_000],
  ["openbsd-2", 675_000],
  ["bsdos-2.1-patched", null],
  ["bsdos-2.1", Number.POSITIVE_INFINITY],
  ["solaris-2.2", 675_000],
  ["linux-2.0", 180_000],
  ["hp-ux-10", null],
  ["irix-patched", null],
  ["irix", Number.POSITIVE_INFINITY],
  ["mp-ras-2", 600_000],
  ["mp-ras-3", 600_000],
  ["ptx-4.1", null],
  ["sunos-4", Number.POSITIVE_INFINITY],
];

describe("SYSTEM_CATALOGUE", () => {
  for (const [id, orphanMs] of PAGE) {
    it(`${id}: is there, an orphan lasts ${orphanMs ?? "for an unknown time"}`, () => {
      const system = systemById(id);
      assert.equal(system.era, "page");
      assert.equal(finWait2TimeoutMs(system.finWait2.orphan), orphanMs);
    });
  }

  it("ids: are unique, and words that a file can have in its name", () => {
    const ids = SYSTEM_CATALOGUE.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[a-z0-9][a-z0-9.-]*$/);
  });

  for (const { id, source, note, finWait2 } of SYSTEM_CATALOGUE) {
    it(`${id}: has a source with a section and a year, and a note`, () => {
      assert.ok(source.document.length > 5 && source.section.length > 2);
      assert.ok(source.year >= 1993 && source.year <= 2026, String(source.year));
      assert.match(note, /\.$/);
    });

    it(`${id}: an orphan does not outlive a socket that is owned`, () => {
      const owned = finWait2TimeoutMs(finWait2.owned);
      const orphan = finWait2TimeoutMs(finWait2.orphan);
      if (owned !== null && orphan !== null) assert.ok(orphan <= owned);
    });
  }

  it("NCR MP-RAS 3: the value is probes x interval", () => {
    const { keepAlive, finWait2 } = systemById("mp-ras-3");
    assert.equal(finWait2TimeoutMs(finWait2.orphan), Number(keepAlive?.probeCount) * 75_000);
  });
});

describe("systemById", () => {
  it("an id that does not exist: throws, with those that do", () => {
    assert.throws(() => systemById("dos"), /^RangeError: Cannot use system "dos": expected one of/);
  });
});

describe("systemsOfPlatform", () => {
  it.each([
    ["linux", ["linux-6"]],
    ["darwin", ["macos-15"]],
    ["win32", ["windows-11"]],
    ["sunos", ["illumos", "solaris-11"]],
    ["haiku", []],
  ])("%s: %j", (platform, ids) => {
    assert.deepEqual(
      systemsOfPlatform(platform).map(({ id }) => id),
      ids,
    );
  });
});
