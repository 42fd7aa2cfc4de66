import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FakeExchange, type FakeRequest, fakePrepareResponse } from "./fake-exchange.ts";
import { parseStaticFilesOptions, type StaticFilesOptions } from "./static-options.ts";
import { StaticSite } from "./static-site.ts";

// Test support: a directory of real files, and a site over it whose clock the test moves.

export class SiteFixture implements Disposable {
  /** The directory that holds the root and what lies beside it. */
  readonly base: string;
  readonly root: string;
  /** The cache's clock. */
  nowMs = 0;
  /**
   * How far the wall clock is ahead of the files' times. The default makes every file look settled;
   * with 0 a stat proves nothing about a file that was just written.
   */
  aheadMs = 60_000;
  readonly site: StaticSite;

  constructor(files: Readonly<Record<string, string | Buffer>>, options: StaticFilesOptions = {}) {
    this.base = realpathSync(mkdtempSync(join(tmpdir(), "finwait-static-")));
    this.root = join(this.base, "root");
    mkdirSync(this.root);
    for (const [path, content] of Object.entries(files)) this.write(path, content);
    const clock = { now: () => this.nowMs, wallNow: () => Date.now() + this.aheadMs };
    const ports = { clock, prepareResponse: fakePrepareResponse };
    this.site = new StaticSite(this.root, parseStaticFilesOptions(options), ports);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  /** One request, answered. */
  async request(request: FakeRequest | string): Promise<FakeExchange> {
    const exchange = new FakeExchange(typeof request === "string" ? { target: request } : request);
    await this.site.handle(exchange);
    return exchange;
  }

  /** Sends a request whose answer must be there when the handler returns. */
  requestSync(request: FakeRequest | string): FakeExchange {
    const exchange = new FakeExchange(typeof request === "string" ? { target: request } : request);
    const result = this.site.handle(exchange);
    if (result !== undefined) throw new Error("Expected an answer before the handler returns");
    return exchange;
  }

  /** The open files of this process below the base directory, on Linux. */
  openFileCount(): number {
    return readdirSync("/proc/self/fd").filter((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`).startsWith(this.base);
      } catch (error) {
        // The descriptor of this very listing is gone by the time it is looked at.
        if (error instanceof Error) return false;
        throw error;
      }
    }).length;
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}
