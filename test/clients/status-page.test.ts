import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { describe, it } from "vitest";
import type { AdminListener, Exchange } from "../../src/index.ts";
import { withAdmin } from "../support/admin-client.ts";
import { CHROMIUM, CHROMIUM_FLAGS, CHROMIUM_NOTE } from "../support/chromium.ts";
import { note, request, type Scene } from "../support/scene.ts";

// Goal: in a browser the status page refreshes, draws, sorts, pauses, fits a phone, follows the
// color scheme, talks to nobody else, and is whole without scripts.
// How: headless Chromium, driven by playwright-core. Screenshots go to a temporary folder.

const TEST_LIMIT_MS = 90_000;

const SERVER = {
  handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
  close: { lingerIdleTimeoutMs: 60_000, lingerTotalTimeoutMs: 60_000 },
} as const;

interface Visit {
  readonly page: Page;
  readonly scene: Scene;
  /** Console messages, errors of scripts, and requests to anybody else. */
  readonly complaints: readonly string[];
  /** Where screenshots may go. */
  readonly folder: string;
}

interface VisitOptions {
  readonly hasScripts?: boolean;
  /** The page's time is the test's to move. */
  readonly hasOwnTime?: boolean;
}

const CLIENT_COUNT = 3;

async function silentClients(scene: Scene, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const client = await scene.connect();
    await client.write(request("GET /", [`User-Agent: silent/${index}`]));
    await client.waitForFin();
  }
}

async function visit(options: VisitOptions, play: (visit: Visit) => Promise<void>): Promise<void> {
  const { hasScripts = true, hasOwnTime = false } = options;
  const folder = mkdtempSync(join(tmpdir(), "finwait-status-"));
  await withAdmin(SERVER, async (scene, admin) => {
    await silentClients(scene, CLIENT_COUNT);
    const context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: CHROMIUM,
      headless: true,
      args: [...CHROMIUM_FLAGS],
      javaScriptEnabled: hasScripts,
      viewport: { width: 1_280, height: 900 },
    });
    try {
      const page = await context.newPage();
      const complaints = watch(page, admin);
      if (hasOwnTime) await page.clock.install();
      await page.goto(admin.url);
      await play({ page, scene, complaints, folder });
      assert.deepEqual(complaints, []);
    } finally {
      await close(context);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

async function close(context: BrowserContext): Promise<void> {
  await context.close();
}

function watch(page: Page, admin: AdminListener): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (failed) => complaints.push(`failed: ${failed.url()}`));
  page.on("request", (asked) => {
    if (!asked.url().startsWith(admin.url)) complaints.push(`foreign: ${asked.url()}`);
  });
  return complaints;
}

/** The text of one column of a table, from the top. */
function column(page: Page, table: string, index: number): Promise<string[]> {
  return page.locator(`#${table} tbody tr > :nth-child(${index})`).allTextContents();
}

/** Waits until a figure at the top has this text. */
async function figure(page: Page, id: string, text: string): Promise<void> {
  await page.locator(`#${id} dd`, { hasText: new RegExp(`^${text}$`) }).waitFor();
}

/** A chart as an image, so that a changed picture is a changed text. */
function drawing(page: Page, chart: string): Promise<string> {
  return page
    .locator(`#chart-${chart} canvas`)
    .evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
}

describe("status page in Chromium", { timeout: TEST_LIMIT_MS }, () => {
  it("clients come: figures, rows and charts follow by themselves", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({}, async ({ page, scene }) => {
      await figure(page, "lingering-now", "3");
      const before = await drawing(page, "phases");
      await silentClients(scene, 4);
      await figure(page, "lingering-now", "7");
      await page.locator("#lingering-caption", { hasText: "7 connections lingering" }).waitFor();
      assert.equal((await column(page, "lingering", 1)).length, 7);
      // The legend of the chart says its latest value.
      const legend = page.locator("#chart-phases .u-series", { hasText: "lingering" });
      await legend.locator(".u-value", { hasText: /^7$/ }).waitFor();
      assert.notEqual(await drawing(page, "phases"), before);
      assert.equal(await page.locator("#charts canvas").count(), 3);
    });
  });

  it("heads of a table: sort it by click and by keyboard, and it stays sorted", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({}, async ({ page, scene }) => {
      const client = page.locator("#lingering thead th", { hasText: "Client" });
      await client.getByRole("button").click();
      assert.equal(await client.getAttribute("aria-sort"), "ascending");
      assert.deepEqual(await column(page, "lingering", 3), ["silent/0", "silent/1", "silent/2"]);
      await client.getByRole("button").press("Enter");
      assert.equal(await client.getAttribute("aria-sort"), "descending");
      assert.deepEqual(await column(page, "lingering", 3), ["silent/2", "silent/1", "silent/0"]);
      assert.match((await page.locator("#live").textContent()) ?? "", /^Sorted by Client, desc/);
      // A refresh brings new rows in the order of the server.
      await silentClients(scene, 1);
      await figure(page, "lingering-now", "4");
      const sorted = ["silent/2", "silent/1", "silent/0", "silent/0"];
      assert.deepEqual(await column(page, "lingering", 3), sorted);
      // Numbers begin with the largest.
      const since = page.locator("#lingering thead th", { hasText: "Since our FIN" });
      await since.getByRole("button").press("Space");
      assert.equal(await since.getAttribute("aria-sort"), "descending");
      assert.equal(await client.getAttribute("aria-sort"), null);
      assert.equal((await column(page, "lingering", 3)).at(-1), "silent/0");
    });
  });

  it("paused: nothing changes, and then it goes on", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({ hasOwnTime: true }, async ({ page, scene }) => {
      let askedCount = 0;
      page.on("request", () => {
        askedCount += 1;
      });
      const button = page.locator("#pause");
      await button.click();
      assert.equal(await button.getAttribute("aria-pressed"), "true");
      // What was asked for before may still come.
      await page.waitForLoadState("networkidle");
      const before = askedCount;
      await silentClients(scene, 2);
      await page.clock.runFor(10_000);
      assert.equal(askedCount, before);
      assert.equal(await page.locator("#lingering-now dd").textContent(), "3");
      await button.click();
      await page.clock.runFor(1_000);
      await figure(page, "lingering-now", "5");
    });
  });

  it("a phone, light and dark: nothing is wider than the screen", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({}, async ({ page, folder }) => {
      await page.setViewportSize({ width: 360, height: 780 });
      const grounds: string[] = [];
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator("#chart-phases canvas").waitFor();
        grounds.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), 360);
        const path = join(folder, `${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
        note(`screenshot of the status page, ${colorScheme}: ${statSync(path).size} bytes`);
      }
      assert.notEqual(grounds[0], grounds[1]);
      // A table that is too wide can be moved by keyboard.
      const regions = await page.locator("main .scroll").evaluateAll((found) => found.length);
      assert.equal(
        await page.locator('main .scroll[tabindex="0"][role="region"]').count(),
        regions,
      );
    });
  });

  it("without scripts: the tables are there, and nothing that needs a script", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({ hasScripts: false }, async ({ page }) => {
      assert.deepEqual(await column(page, "lingering", 3), ["silent/0", "silent/1", "silent/2"]);
      assert.ok(await page.getByText("Look again").isVisible());
      assert.ok(!(await page.locator("#pause").isVisible()));
      assert.ok(!(await page.locator("#charts").isVisible()));
      assert.equal(await page.locator("thead button").count(), 0);
    });
  });

  it("a screen reader: finds headings, captions, and one polite region", async (ctx) => {
    if (CHROMIUM_NOTE !== null) return ctx.skip(CHROMIUM_NOTE);
    await visit({}, async ({ page }) => {
      assert.deepEqual(await page.getByRole("heading").allTextContents(), [
        "finwait status",
        "Now",
        "Ended",
        "Policy in force",
      ]);
      assert.ok(await page.getByRole("table", { name: "Last endings" }).isVisible());
      assert.ok(await page.getByRole("region", { name: "Connections by phase" }).isVisible());
      assert.equal(await page.getByRole("status").count(), 1);
      assert.ok(await page.getByRole("img", { name: /^Connections by phase/ }).isVisible());
      await page.locator("#pause").focus();
      await page.keyboard.press("Tab");
      const focused = await page.evaluate("document.activeElement.getAttribute('role')");
      assert.equal(focused, "region");
    });
  });
});
