import { PROMETHEUS_TYPE, prometheusText } from "../observe/prometheus-text.ts";
import type { Exchange, Handler } from "../server/exchange.ts";
import { refusalOf } from "./admin-access.ts";
import type { Asset } from "./admin-assets.ts";
import { metricFamilies } from "./server-metrics.ts";
import type { Status, StatusWatch } from "./status.ts";
import { statusLines } from "./status-lines.ts";
import { statusPage } from "./status-page.ts";

// What the admin listener answers: a status in four forms, and the files of its page.

const PLAIN = "text/plain; charset=utf-8";

/** On every response, refusals too. Scripts and styles are files of our own, never inline. */
const SECURITY_FIELDS = [
  [
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "DENY"],
  ["Referrer-Policy", "no-referrer"],
  ["Cache-Control", "no-store"],
] as const;

export interface AdminParts {
  readonly watch: StatusWatch;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly allowedHosts: readonly string[];
}

export function adminHandler({ watch, assets, allowedHosts }: AdminParts): Handler {
  return async (exchange) => {
    const refusal = refusalOf(exchange, allowedHosts);
    if (refusal !== null) {
      const allow = refusal.status === 405 ? [["Allow", "GET, HEAD"] as const] : [];
      const fields = [["Content-Type", PLAIN] as const, ...SECURITY_FIELDS, ...allow];
      exchange.respond(refusal.status, fields, `${refusal.text}\n`);
      return;
    }
    const [path = "", query = ""] = exchange.target.split("?", 2);
    const asset = assets.get(path);
    if (asset !== undefined) answer(exchange, asset.type, asset.content);
    else if (path === "/metrics") {
      const status = await watch.look();
      const families = metricFamilies(status, watch.endings);
      answer(exchange, PROMETHEUS_TYPE, prometheusText(families));
    } else if (path === "/") {
      answer(exchange, ...formOf(query, await watch.look()));
    } else {
      exchange.respond(404, [["Content-Type", PLAIN], ...SECURITY_FIELDS], "Not found\n");
    }
  };
}

/** As Apache httpd's server-status: `?auto` are lines; `?json` is ours. */
function formOf(query: string, status: Status): [type: string, content: string] {
  const form = new URLSearchParams(query);
  if (form.has("json")) return ["application/json", `${JSON.stringify(status)}\n`];
  if (form.has("auto")) return [PLAIN, statusLines(status)];
  return ["text/html; charset=utf-8", statusPage(status)];
}

function answer(exchange: Exchange, type: string, content: Uint8Array | string): void {
  exchange.respond(200, [["Content-Type", type], ...SECURITY_FIELDS], content);
}
