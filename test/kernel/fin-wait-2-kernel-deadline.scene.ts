import { execFileSync } from "node:child_process";
import { descriptorOf } from "../../src/transport/file-descriptor.ts";
import { poll } from "../support/deadline.ts";
import { socketOf } from "../support/socket-table.ts";
import { socketOptions, type TransportPair, withTransportPair } from "../support/transport-pair.ts";

// Runs in a network namespace of its own, and takes its only link down under two connections: one
// with TCP_USER_TIMEOUT, one without. Prints JSON.

const options = socketOptions;
if (options === null) throw new Error("Cannot play without socket options");

const stateOf = ({ serverPort, client }: TransportPair) =>
  socketOf(serverPort, client.localPort)?.state ?? null;

await withTransportPair({}, async (control) => {
  await withTransportPair({}, async (pair) => {
    const duplicate = options.duplicate(descriptorOrThrow(pair));
    pair.transport.setUnacknowledgedTimeout(1_500);
    execFileSync("ip", ["link", "set", "lo", "down"]);
    const startedAtMs = performance.now();
    for (const { transport } of [control, pair]) {
      transport.write(Buffer.alloc(1_000));
      transport.shutdownWrite();
    }
    await poll("FIN", () => pair.seen.includes("flushed") && control.seen.includes("flushed"));
    const before = stateOf(pair);
    await poll(
      "the end",
      () => pair.seen.includes("released"),
      () => pair.seen.join(),
    );
    const livedMs = Math.round(performance.now() - startedAtMs);
    const facts = duplicate === null ? null : options.tcpFacts(duplicate);
    const result = {
      livedMs,
      before,
      seen: pair.seen,
      after: stateOf(pair),
      facts: facts && {
        state: facts.state,
        isFinAcknowledged: facts.isFinAcknowledged,
        isEverythingAcknowledged: facts.isEverythingAcknowledged,
      },
      control: stateOf(control),
    };
    process.stdout.write(JSON.stringify(result));
  });
});

function descriptorOrThrow({ socket }: TransportPair): number {
  const fd = descriptorOf(socket);
  if (fd === null) throw new Error("Cannot find the descriptor");
  return fd;
}
