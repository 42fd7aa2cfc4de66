import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { SiteFixture } from "./fake-site.ts";
import {
  FileTree,
  isSameSignature,
  outcomeOfError,
  type SymlinkPolicy,
  signatureAt,
} from "./static-tree.ts";

// Goal: only regular files below the root are opened, whatever links and races are in the way.
// How: a real directory with every kind of link; races by doing one half of `open` after the
// change.

async function typeOf(
  fixture: SiteFixture,
  symlinks: SymlinkPolicy,
  name: string,
): Promise<string> {
  const tree = new FileTree(fixture.root, symlinks);
  const outcome = await tree.open(tree.pathOf(name.split("/")));
  if (outcome.type === "file") await outcome.file.handle.close();
  return outcome.type;
}

function linkedFixture(): SiteFixture {
  const fixture = new SiteFixture({ "a.txt": "inside", "sub/b.txt": "b" });
  mkdirSync(join(fixture.base, "outside"));
  // A sibling whose name begins like the root's.
  mkdirSync(`${fixture.root}-secret`);
  writeFileSync(join(fixture.base, "outside", "s.txt"), "secret");
  writeFileSync(`${fixture.root}-secret/s.txt`, "secret");
  symlinkSync("a.txt", fixture.path("to-inside"));
  symlinkSync("sub", fixture.path("to-sub"));
  symlinkSync("../outside/s.txt", fixture.path("to-outside"));
  symlinkSync("../outside", fixture.path("to-outside-directory"));
  symlinkSync(`${fixture.root}-secret/s.txt`, fixture.path("to-neighbor"));
  symlinkSync("nowhere", fixture.path("dangling"));
  symlinkSync("loop", fixture.path("loop"));
  symlinkSync("to-outside", fixture.path("to-link"));
  return fixture;
}

describe("FileTree.open", () => {
  const rows: readonly (readonly [name: string, inside: string, follow: string, refuse: string])[] =
    [
      ["a.txt", "file", "file", "file"],
      ["sub/b.txt", "file", "file", "file"],
      ["sub", "directory", "directory", "directory"],
      ["to-inside", "file", "file", "missing"],
      ["to-sub/b.txt", "file", "file", "missing"],
      ["to-outside", "missing", "file", "missing"],
      ["to-outside-directory", "missing", "directory", "missing"],
      ["to-outside-directory/s.txt", "missing", "file", "missing"],
      ["to-neighbor", "missing", "file", "missing"],
      ["to-link", "missing", "file", "missing"],
      ["dangling", "missing", "missing", "missing"],
      ["loop", "missing", "missing", "missing"],
      ["absent", "missing", "missing", "missing"],
      ["a.txt/b", "missing", "missing", "missing"],
      ["x".repeat(300), "missing", "missing", "missing"],
      ["sub/b.txt".repeat(1_000), "missing", "missing", "missing"],
    ];
  for (const [name, inside, follow, refuse] of rows) {
    it(`${name.slice(0, 40)}: ${inside}, followed ${follow}, refused ${refuse}`, async () => {
      using fixture = linkedFixture();
      assert.equal(await typeOf(fixture, "inside", name), inside);
      assert.equal(await typeOf(fixture, "follow", name), follow);
      assert.equal(await typeOf(fixture, "refuse", name), refuse);
      assert.equal(fixture.openFileCount(), 0);
    });
  }

  it("FIFO: is missing, without waiting for a writer", async () => {
    using fixture = new SiteFixture({});
    execFileSync("mkfifo", [fixture.path("fifo")]);
    assert.equal(await typeOf(fixture, "inside", "fifo"), "missing");
    assert.equal(await typeOf(fixture, "follow", "fifo"), "missing");
  });

  it("device: is missing even if links may be followed", async () => {
    using fixture = new SiteFixture({});
    symlinkSync("/dev/zero", fixture.path("zero"));
    assert.equal(await typeOf(fixture, "follow", "zero"), "missing");
  });
});

describe("FileTree.openReal", () => {
  it("a FIFO that took the file's place: is missing, without waiting", async () => {
    using fixture = new SiteFixture({ "a.txt": "a" });
    const tree = new FileTree(fixture.root, "inside");
    const path = fixture.path("a.txt");
    rmSync(path);
    execFileSync("mkfifo", [path]);
    assert.equal((await tree.openReal(path, path)).type, "missing");
    assert.equal(fixture.openFileCount(), 0);
  });

  it("a symlink that took the file's place: is missing", async () => {
    using fixture = linkedFixture();
    const path = fixture.path("a.txt");
    rmSync(path);
    symlinkSync("../outside/s.txt", path);
    for (const symlinks of ["inside", "refuse", "follow"] as const) {
      const tree = new FileTree(fixture.root, symlinks);
      assert.equal((await tree.openReal(path, path)).type, "missing");
    }
  });

  it("a symlink that took a directory's place: is missing, and closed", async () => {
    using fixture = linkedFixture();
    rmSync(fixture.path("sub"), { recursive: true });
    symlinkSync("../outside", fixture.path("sub"));
    const path = fixture.path("sub/s.txt");
    for (const symlinks of ["inside", "refuse"] as const) {
      const tree = new FileTree(fixture.root, symlinks);
      assert.equal((await tree.openReal(path, path)).type, "missing");
    }
    assert.equal(fixture.openFileCount(), 0);
  });

  it("a file whose name ends like a deleted one's: is an ordinary file", async () => {
    using fixture = new SiteFixture({ "a (deleted)": "a" });
    assert.equal(await typeOf(fixture, "refuse", "a (deleted)"), "file");
  });
});

describe("signatureAt", () => {
  it("replaced by a file of the same size: differs", async () => {
    using fixture = new SiteFixture({ "a.txt": "aaa", "b.txt": "bbb" });
    const before = await signatureAt(fixture.path("a.txt"));
    renameSync(fixture.path("b.txt"), fixture.path("a.txt"));
    const after = await signatureAt(fixture.path("a.txt"));
    assert.ok(before !== null && after !== null && !isSameSignature(before, after));
    assert.ok(isSameSignature(after, await signatureAt(fixture.path("a.txt"))));
  });

  it("absent: is null, which equals only itself", async () => {
    using fixture = new SiteFixture({ "a.txt": "a" });
    const absent = await signatureAt(fixture.path("b.txt"));
    assert.equal(absent, null);
    assert.ok(isSameSignature(absent, null));
    assert.ok(!isSameSignature(absent, await signatureAt(fixture.path("a.txt"))));
  });
});

describe("isSameSignature", () => {
  const signature = { device: 1n, inode: 2n, sizeBytes: 3, modifiedNs: 4n, changedNs: 5n };
  for (const other of [
    { device: 9n },
    { inode: 9n },
    { sizeBytes: 9 },
    { modifiedNs: 9n },
    // Same size, and its time set back: only the change time tells.
    { changedNs: 9n },
  ]) {
    it(`another ${Object.keys(other).join()}: differs`, () => {
      assert.equal(isSameSignature(signature, { ...signature, ...other }), false);
      assert.equal(isSameSignature(signature, { ...signature }), true);
    });
  }
});

describe("outcomeOfError", () => {
  const rows: readonly (readonly [code: string, outcome: object])[] = [
    ["ENOENT", { type: "missing" }],
    ["ENOTDIR", { type: "missing" }],
    ["ENAMETOOLONG", { type: "missing" }],
    ["ELOOP", { type: "missing" }],
    ["ENXIO", { type: "missing" }],
    ["EACCES", { type: "refused", status: 403 }],
    ["EPERM", { type: "refused", status: 403 }],
    ["EMFILE", { type: "refused", status: 503 }],
    ["ENFILE", { type: "refused", status: 503 }],
    ["ENOMEM", { type: "refused", status: 503 }],
  ];
  for (const [code, outcome] of rows) {
    it(`${code}: ${JSON.stringify(outcome)}`, () => {
      assert.deepEqual(outcomeOfError(Object.assign(new Error(code), { code })), outcome);
    });
  }

  it("EIO, or no error of the file system: is thrown on", () => {
    const broken = Object.assign(new Error("broken"), { code: "EIO" });
    assert.throws(() => outcomeOfError(broken), broken);
    assert.throws(() => outcomeOfError(new TypeError("bug")), TypeError);
  });
});
