import { type IncomingHttpHeaders, request } from "node:http";
import { type AdminListener, type AdminOptions, type Status, serveAdmin } from "../../src/index.ts";
import { type Scene, withServer } from "./scene.ts";

// Asks an admin listener, by node:http, which lets a request name any host.

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer to one request on a connection of its own. `path` is sent as it is. */
export function ask(
  { address, port }: Pick<AdminListener, "address" | "port">,
  path: string,
  { method = "GET", headers = {} }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port, path, method, headers, agent: false };
    const asked = request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(pieces).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

export async function statusOf(admin: AdminListener): Promise<Status> {
  return JSON.parse((await ask(admin, "/?json")).text) as Status;
}

/** The value of one series in the text of metrics; NaN: there is no such series. */
export function metricOf(metrics: string, series: string): number {
  const line = metrics.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
}

/** As `withServer`, with an admin listener beside the server. */
export async function withAdmin(
  options: Parameters<typeof withServer>[0],
  play: (scene: Scene, admin: AdminListener) => Promise<void>,
  adminOptions: AdminOptions = {},
): Promise<void> {
  await withServer(options, async (scene) => {
    const admin = await serveAdmin(scene.server, adminOptions);
    try {
      await play(scene, admin);
    } finally {
      await admin.close();
    }
  });
}
