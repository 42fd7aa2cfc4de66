import { existsSync } from "node:fs";

// Debian's Chromium, for tests that want a real browser.

export const CHROMIUM = "/usr/bin/chromium";

/** Why tests with a browser cannot run here, or `null`. */
export const CHROMIUM_NOTE: string | null = existsSync(CHROMIUM)
  ? null
  : `needs ${CHROMIUM}, which is not installed`;

/** Without those about the network the browser asks for hosts that no test knows. */
export const CHROMIUM_FLAGS: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
