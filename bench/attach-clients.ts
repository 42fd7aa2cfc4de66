// Question: do the clients that people use get their responses from a plain node:http server, and
// from the same server with finwait attached?
//
// Each client carries out each scene against both, directly and over a link with a round trip. A
// try is delivered if the client itself says that it has every response of it, whole.

import { fileURLToPath } from "node:url";
import { CLIENT_SCENES, type ClientScene, describeFailure } from "../test/support/attach-site.ts";
import type { Seen } from "../test/support/client-plan.ts";
import { Link } from "../test/support/link.ts";
import { type OpenClient, REAL_CLIENTS, type RealClient } from "../test/support/real-clients.ts";
import { describeEnvironment } from "./environment.ts";
import { type StartedProcess, startProcess } from "./processes.ts";
import { formatTable } from "./stats.ts";

export interface AttachClientsOptions {
  readonly tryCount: number;
  readonly roundTripMs: number;
  /** Parts of names; an empty text is part of every one. */
  readonly clientName: string;
  readonly sceneName: string;
}

const SUBJECTS = ["bare", "attached"] as const;
type Subject = (typeof SUBJECTS)[number];
const WAYS = ["direct", "link"] as const;

const START_TIMEOUT_MS = 60_000;
const SERVER = fileURLToPath(new URL("./attach-clients-server.ts", import.meta.url));

interface Cell {
  readonly scene: ClientScene;
  /** Such as "bare, link". */
  readonly column: string;
  readonly deliveredCount: number;
  /** Each kind once, with its count. */
  readonly failures: ReadonlyMap<string, number>;
}

export async function runAttachClients(options: AttachClientsOptions): Promise<void> {
  console.log(await describeEnvironment());
  const { tryCount, roundTripMs } = options;
  console.log(`load     ${tryCount} tries each, round trip of the link ${roundTripMs} ms\n`);
  const chosen = REAL_CLIENTS.filter(({ name }) => name.includes(options.clientName));
  const results = new Map<string, readonly Cell[]>();
  for (const client of chosen) {
    if (client.note === null) results.set(client.name, await playClient(client, options));
    else console.log(`${client.name} is skipped: ${client.note}`);
  }
  for (const scene of CLIENT_SCENES) printScene(scene, results, tryCount);
}

async function playClient(client: RealClient, options: AttachClientsOptions): Promise<Cell[]> {
  const open = await client.open();
  console.log(`${client.name}: ${open.version}`);
  const scenes = CLIENT_SCENES.filter(
    ({ name, requests }) =>
      name.includes(options.sceneName) &&
      (client.canSendChunks || requests.every(({ coding }) => coding === "length")),
  );
  try {
    const cells: Cell[] = [];
    for (const subject of SUBJECTS)
      cells.push(...(await playSubject(subject, open, scenes, options)));
    return cells;
  } finally {
    await open.close();
  }
}

async function playSubject(
  subject: Subject,
  client: OpenClient,
  scenes: readonly ClientScene[],
  { tryCount, roundTripMs }: AttachClientsOptions,
): Promise<Cell[]> {
  const server = await startProcess(process.execPath, ["--import", "tsx", SERVER, subject]);
  let link: Link | null = null;
  try {
    const port = await readPort(server);
    link = await Link.open({ targetPort: port, oneWayMs: roundTripMs / 2 });
    const cells: Cell[] = [];
    for (const way of WAYS) {
      for (const scene of scenes) {
        const tries = await playScene(client, scene, way === "link" ? link.port : port, tryCount);
        cells.push(cellOf(scene, `${subject}, ${way}`, tries));
      }
    }
    return cells;
  } finally {
    await link?.close();
    await server.stop();
  }
}

async function readPort(server: StartedProcess): Promise<number> {
  const [, port] = await server.waitForOutput(/ready (\d+)/, START_TIMEOUT_MS);
  return Number(port);
}

/** What was seen in each try. */
async function playScene(
  client: OpenClient,
  { pooling, requests }: ClientScene,
  port: number,
  tryCount: number,
): Promise<readonly (readonly Seen[])[]> {
  const tries: (readonly Seen[])[] = [];
  for (let count = 0; count < tryCount; count += 1) {
    tries.push(await client.carryOut({ port, pooling, requests }));
  }
  return tries;
}

function cellOf(scene: ClientScene, column: string, tries: readonly (readonly Seen[])[]): Cell {
  const failures = new Map<string, number>();
  let deliveredCount = 0;
  for (const seen of tries) {
    if (scene.isDelivered(seen)) {
      deliveredCount += 1;
      continue;
    }
    const failure = describeFailure(scene, seen);
    failures.set(failure, (failures.get(failure) ?? 0) + 1);
  }
  return { scene, column, deliveredCount, failures };
}

function printScene(
  scene: ClientScene,
  results: ReadonlyMap<string, readonly Cell[]>,
  tryCount: number,
): void {
  const columns = WAYS.flatMap((way) => SUBJECTS.map((subject) => `${subject}, ${way}`));
  const rows = [[scene.title, ...columns]];
  const notes: string[] = [];
  for (const [name, cells] of results) {
    const own = cells.filter((cell) => cell.scene === scene);
    if (own.length === 0) continue;
    rows.push([
      name,
      ...columns.map((column) => {
        return String(own.find((cell) => cell.column === column)?.deliveredCount ?? "-");
      }),
    ]);
    for (const { column, failures } of own) {
      for (const [failure, count] of failures) {
        notes.push(`    ${name}, ${column}, ${count} x ${failure}`);
      }
    }
  }
  if (rows.length === 1) return;
  console.log(`\nDelivered of ${tryCount}\n${formatTable(rows)}`);
  for (const line of notes) console.log(line);
}
