import type { ClosePolicy, Exchange, ServeOptions } from "../../src/index.ts";
import type { RawClient } from "../support/raw-client.ts";
import { request, type Scene, TEST_TLS, withServer } from "../support/scene.ts";
import { readCounter } from "../support/socket-table.ts";

// Runs in a network namespace of its own: twenty closes of one kind, and the RSTs that the kernel
// sent meanwhile. Arguments: the kind, and the mode of the close policy. Prints JSON.

const TRIES = 20;
const CONTENT = "c".repeat(50_000);
const UPLOAD = Buffer.alloc(300_000, "u");

interface Kind {
  readonly options: ServeOptions;
  play(scene: Scene): Promise<RawClient>;
}

const answerAndClose = (exchange: Exchange): void => {
  exchange.respond(200, [["Connection", "close"]], CONTENT);
};

/** The client answers our close_notify with its own, as every TLS client does. */
async function askAndEnd(scene: Scene): Promise<RawClient> {
  const client = await scene.connect({ isTls: scene.server.url.startsWith("https:") });
  await client.write(request());
  await client.waitForFin();
  client.halfClose();
  return client;
}

async function uploadAndEnd(scene: Scene): Promise<RawClient> {
  const client = await scene.connect();
  await client.write(request("POST /", [`Content-Length: ${UPLOAD.length * 2}`]));
  await client.write(UPLOAD);
  await client.waitForEnd();
  await client.write(UPLOAD);
  client.halfClose();
  return client;
}

/** The second request crosses the FIN of the idle close. */
async function askTwiceTooLate(scene: Scene): Promise<RawClient> {
  const client = await scene.connect();
  await client.write(request());
  await client.waitForEnd();
  await client.write(request());
  client.halfClose();
  return client;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "tls-close": { options: { handler: answerAndClose, tls: TEST_TLS }, play: askAndEnd },
  "early-response": { options: { handler: answerAndClose }, play: uploadAndEnd },
  "idle-close": {
    options: {
      handler: (exchange) => exchange.respond(200, [], "ok"),
      limits: { keepAliveTimeoutMs: 20, keepAliveTimeoutMarginMs: 0 },
    },
    play: askTwiceTooLate,
  },
};

const [, , name = "", mode = "lingering"] = process.argv;
const kind = KINDS[name];
if (kind === undefined) throw new RangeError(`Cannot play "${name}": no such kind`);

const close: Partial<ClosePolicy> = { mode: mode === "off" ? "off" : "lingering" };
const before = readCounter("OutRsts");
let wholeCount = 0;
let cleanCount = 0;
await withServer({ ...kind.options, close }, async (scene) => {
  for (let count = 0; count < TRIES; count++) {
    const client = await kind.play(scene);
    const ending = await scene.endingOf(client);
    await client.waitFor("the socket's close", () => client.isClosed);
    wholeCount += client.completeCount;
    if (ending.outcome.type === "clean") cleanCount += 1;
  }
});
const resetCount = readCounter("OutRsts") - before;
process.stdout.write(JSON.stringify({ wholeCount, cleanCount, resetCount }));
