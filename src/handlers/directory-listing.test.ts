import assert from "node:assert/strict";
import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";
import { formatSize, readListing, renderListing } from "./directory-listing.ts";
import { SiteFixture } from "./fake-site.ts";
import { FileTree } from "./static-tree.ts";

// Goal: a listing shows what can be requested, in order, and no name becomes markup.
// How: a directory of awkward names, read and rendered.

const HOSTILE = `<img src=x onerror="alert('1')">&.txt`;

async function namesIn(
  fixture: SiteFixture,
  dotfiles: "serve" | "hide" = "hide",
): Promise<string[]> {
  const tree = new FileTree(fixture.root, "inside");
  const { entries } = await readListing(tree, fixture.root, { dotfiles });
  return entries.map(({ name, type }) => (type === "directory" ? `${name}/` : name));
}

describe("readListing", () => {
  it("directories and files: are sorted apart, numbers by value", async () => {
    using fixture = new SiteFixture({
      "a10.txt": "",
      "a9.txt": "",
      "B.txt": "",
      "z/x": "",
      "y/x": "",
    });
    assert.deepEqual(await namesIn(fixture), ["y/", "z/", "a9.txt", "a10.txt", "B.txt"]);
  });

  it("links: are listed if a request would follow them", async () => {
    using fixture = new SiteFixture({ "a.txt": "a", "sub/b.txt": "b" });
    writeFileSync(join(fixture.base, "secret"), "s");
    symlinkSync("a.txt", fixture.path("in"));
    symlinkSync("sub", fixture.path("in-sub"));
    symlinkSync("../secret", fixture.path("out"));
    symlinkSync("nowhere", fixture.path("dangling"));
    assert.deepEqual(await namesIn(fixture), ["in-sub/", "sub/", "a.txt", "in"]);
  });

  it("dotfiles and names that no target can spell: are left out", async () => {
    using fixture = new SiteFixture({ ".env": "", "a\\b": "", ok: "" });
    writeFileSync(Buffer.concat([Buffer.from(`${fixture.root}/x`), Buffer.from([0xff])]), "");
    assert.deepEqual(await namesIn(fixture), ["ok"]);
    assert.deepEqual(await namesIn(fixture, "serve"), [".env", "ok"]);
  });

  it("more entries than the limit: says that it is cut; as many: does not", async () => {
    using fixture = new SiteFixture({ a: "", b: "", c: "", ".hidden": "" });
    const tree = new FileTree(fixture.root, "inside");
    const cut = await readListing(tree, fixture.root, { dotfiles: "hide", entryLimit: 2 });
    assert.deepEqual([cut.entries.length, cut.isCut], [2, true]);
    assert.match(Buffer.from(renderListing([], cut).content).toString(), /Only 2 entries/);
    const whole = await readListing(tree, fixture.root, { dotfiles: "hide", entryLimit: 3 });
    assert.deepEqual([whole.entries.length, whole.isCut], [3, false]);
    assert.equal(fixture.openFileCount(), 0);
  });

  it("more entries than are read at a time: are all listed", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `f${index}`);
    using fixture = new SiteFixture(Object.fromEntries(names.map((name) => [name, ""])));
    assert.deepEqual(await namesIn(fixture), names);
  });
});

describe("renderListing", () => {
  it("hostile names: are text and encoded links", async () => {
    using fixture = new SiteFixture({ [HOSTILE]: "x", "a:b?c#d e.txt": "", "ü.txt": "" });
    const tree = new FileTree(fixture.root, "inside");
    const listing = await readListing(tree, fixture.root, { dotfiles: "hide" });
    const html = Buffer.from(renderListing(["<b>"], listing).content).toString();
    assert.ok(!html.includes("<img") && !html.includes("<b>") && !html.includes("<script"));
    assert.ok(html.includes("<title>Index of /&#60;b&#62;/</title>"));
    assert.ok(
      html.includes("&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;.txt</a>"),
    );
    assert.ok(html.includes('href="./a:b%3Fc%23d%20e.txt"'));
    assert.ok(html.includes('href="./%C3%BC.txt"'));
  });

  it("any listing: names its directory, sizes, dates, and the way up", async () => {
    using fixture = new SiteFixture({ "a.bin": Buffer.alloc(2_048), "sub/x": "" });
    utimesSync(fixture.path("a.bin"), 1_000_000_000, 1_000_000_000);
    const tree = new FileTree(fixture.root, "inside");
    const listing = await readListing(tree, fixture.root, { dotfiles: "hide" });
    const html = Buffer.from(renderListing(["a b"], listing).content).toString();
    assert.ok(html.includes("<h1>Index of /a b/</h1>"));
    assert.ok(html.includes('<a href="../">..</a>'));
    assert.ok(html.includes('<a href="./sub/">sub/</a>'));
    assert.ok(html.includes("<td>2.0 KiB</td>"));
    assert.ok(html.includes('<time datetime="2001-09-09T01:46:40.000Z">2001-09-09 01:46</time>'));
    assert.ok(html.includes('name="viewport"') && html.includes("color-scheme:light dark"));
    const top = Buffer.from(renderListing([], listing).content).toString();
    assert.ok(!top.includes("../"));
  });
});

describe("formatSize", () => {
  for (const [sizeBytes, text] of [
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [10_240, "10 KiB"],
    [1_048_576, "1.0 MiB"],
    [5 * 2 ** 30, "5.0 GiB"],
    [2 ** 50, "1024 TiB"],
  ] as const) {
    it(`${sizeBytes}: ${text}`, () => assert.equal(formatSize(sizeBytes), text));
  }
});
