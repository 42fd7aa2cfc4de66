import assert from "node:assert/strict";
import { close } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { constants } from "node:os";
import { describe, it } from "vitest";
import { type ReadingUser, TcpScene } from "../../src/simulation/fake-scene.ts";
import type { TcpEndpoint } from "../../src/simulation/tcp-endpoint.ts";
import { descriptorOf } from "../../src/transport/file-descriptor.ts";
import { poll, within } from "../support/deadline.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";
import { SOCKET_OPTIONS_NOTE, socketOptions } from "../support/transport-pair.ts";
import {
  type End,
  type Observation,
  type Step,
  TRUTH_CASES,
  type TruthCase,
} from "./truth-cases.ts";

// Goal: the simulator's TCP does what the kernel's does. How: the same steps in both; behind each
// step the kernel has to come to what the simulator has shown: states, bytes, FIN and RST.

type Both = Readonly<Record<End, Observation>>;

// --- The simulator ---

function simulate({ reading, steps }: TruthCase): readonly Both[] {
  const scene = new TcpScene();
  const users: Record<End, ReadingUser> = scene.connect();
  for (const end of ["server", "client"] as const) users[end].isReading = reading.includes(end);
  const inClose = new Set<ReadingUser>();
  const look = (user: ReadingUser): Observation => observe(user, inClose.has(user));
  return steps.map((step) => {
    if (step.does === "syn-again") sendSynAgain(scene, users.client.endpoint);
    else simulateStep(users[step.end], step, inClose);
    scene.advance(step.does === "wait" || step.does === "stay" ? step.ms : 500);
    return { server: look(users.server), client: look(users.client) };
  });
}

function simulateStep(user: ReadingUser, step: Step, inClose: Set<ReadingUser>): void {
  const { endpoint } = user;
  switch (step.does) {
    case "write":
      user.write(step.bytes);
      break;
    case "fin":
      endpoint.shutdownWrite();
      break;
    case "close":
      endpoint.close();
      break;
    case "close-within":
      endpoint.limitFinWait2(step.ms);
      endpoint.close();
      break;
    case "close-blocking":
      inClose.add(user);
      endpoint.closeBlocking(step.ms, () => inClose.delete(user));
      break;
    case "user-timeout":
      endpoint.setUserTimeout(step.ms);
      break;
    case "reset":
      endpoint.abort();
      break;
    case "read":
      user.isReading = true;
      user.handleReady();
  }
}

function sendSynAgain({ network, serverHost, clientHost }: TcpScene, over: TcpEndpoint): void {
  serverHost.stopListening(over.peer.port);
  network.send(clientHost, {
    from: over.local,
    to: over.peer,
    sequence: 0,
    acknowledgment: null,
    isSyn: true,
    isFin: false,
    isReset: false,
    windowBytes: 65_535,
    bytes: new Uint8Array(0),
  });
}

function observe(user: ReadingUser, isInClose: boolean): Observation {
  const { endpoint, receivedBytes, isReading } = user;
  const isGone = endpoint.state === "closed";
  return {
    state: isGone ? "gone" : endpoint.state,
    // Of TIME-WAIT the kernel keeps a record of its own.
    isOwned: !isGone && endpoint.state !== "time-wait" && endpoint.isOwned,
    receivedBytes,
    sees: isReading ? seen(user) : "open",
    isInClose,
  };
}

function seen({ endpoint, isAtEnd }: ReadingUser): Observation["sees"] {
  if (isAtEnd) return "fin";
  if (endpoint.error === null) return "open";
  return endpoint.error === "ETIMEDOUT" ? "timeout" : "reset";
}

// --- The kernel ---

class KernelEnd {
  receivedBytes = 0;
  sees: Observation["sees"] = "open";
  isInClose = false;
  readonly socket: Socket;
  readonly #ports: readonly [local: number, peer: number];

  constructor(socket: Socket, isReading: boolean) {
    this.socket = socket;
    this.#ports = [socket.localPort ?? 0, socket.remotePort ?? 0];
    socket.on("end", () => {
      // Node takes RST that comes together with data for FIN; the kernel knows better. EPIPE is
      // for RST behind FIN, which reads like FIN alone.
      const error = socketOptions?.takePendingError(this.#descriptor()) ?? constants.errno.EPIPE;
      this.sees = error === constants.errno.EPIPE ? "fin" : "reset";
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (this.sees === "open") this.sees = code === "ETIMEDOUT" ? "timeout" : "reset";
    });
    if (isReading) this.read();
  }

  read(): void {
    this.socket.on("data", ({ byteLength }: Uint8Array) => {
      this.receivedBytes += byteLength;
    });
    this.socket.resume();
  }

  observe(): Observation {
    const line = socketOf(...this.#ports);
    const state = line?.state ?? "gone";
    const isOwned = line !== null && state !== "time-wait" && line.isOwned;
    const { receivedBytes, sees, isInClose } = this;
    return { state, isOwned, receivedBytes, sees, isInClose };
  }

  play(step: Step): void {
    switch (step.does) {
      case "write":
        this.socket.write(new Uint8Array(step.bytes));
        break;
      case "fin":
        this.socket.end();
        break;
      case "close":
        this.socket.destroy();
        break;
      case "reset":
        this.socket.resetAndDestroy();
        break;
      case "read":
        this.read();
        break;
      case "close-within":
        socketOptions?.setFinWait2Seconds(this.#descriptor(), step.ms / 1_000);
        this.socket.destroy();
        break;
      case "syn-again": {
        const [localPort, port] = this.#ports;
        // Nobody listens, so it fails in the end.
        connect({ port, localPort, host: "127.0.0.1" }).on("error", () => {});
        break;
      }
      case "close-blocking":
        this.#closeBlocking(step.ms / 1_000);
        break;
      case "user-timeout":
        socketOptions?.setUnacknowledgedTimeoutMs(this.#descriptor(), step.ms);
    }
  }

  /** On a thread: of two descriptors of one socket the close() of the last one waits. */
  #closeBlocking(seconds: number): void {
    const duplicate = socketOptions?.duplicate(this.#descriptor()) ?? null;
    assert.ok(duplicate !== null, "the descriptor could not be duplicated");
    assert.equal(socketOptions?.setSoLinger(duplicate, seconds), true);
    this.isInClose = true;
    this.socket.once("close", () => {
      close(duplicate, () => {
        this.isInClose = false;
      });
    });
    this.socket.destroy();
  }

  #descriptor(): number {
    const fd = descriptorOf(this.socket);
    assert.ok(fd !== null, "the socket has no descriptor");
    return fd;
  }
}

async function openKernelPair(
  { reading }: TruthCase,
  server: Server,
): Promise<Readonly<Record<End, KernelEnd>>> {
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  // Before it is connected: Node would read at once.
  client.pause();
  const connected = new Promise<void>((resolve) => client.once("connect", resolve));
  await within(connected, "the connection");
  const socket = await within(accepted, "the connection");
  return {
    server: new KernelEnd(socket, reading.includes("server")),
    client: new KernelEnd(client, reading.includes("client")),
  };
}

describe("the same in the kernel and in the simulator", () => {
  it("there are at least twelve endings", () => {
    assert.ok(TRUTH_CASES.length >= 12, `${TRUTH_CASES.length} endings`);
  });

  for (const truthCase of TRUTH_CASES) {
    it(truthCase.title, async (context) => {
      const note = KERNEL_NOTE ?? SOCKET_OPTIONS_NOTE;
      if (note !== null) return context.skip(note);
      const expected = simulate(truthCase);
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      const ends = await openKernelPair(truthCase, server);
      const look = (): Both => ({ server: ends.server.observe(), client: ends.client.observe() });
      try {
        for (const [index, step] of truthCase.steps.entries()) {
          if (step.does === "syn-again") server.close();
          ends[step.end].play(step);
          const wanted = JSON.stringify(expected[index]);
          // What is the same as before has to last a while: nothing has come of the step yet.
          const isSame = wanted === JSON.stringify(expected[index - 1] ?? look());
          const untilMs = performance.now() + (step.does === "stay" ? step.ms : isSame ? 200 : 0);
          await poll(
            `step ${index + 1} as simulated: ${wanted}`,
            () => performance.now() >= untilMs && JSON.stringify(look()) === wanted,
            () => JSON.stringify(look()),
          );
        }
      } finally {
        for (const { socket } of Object.values(ends)) socket.destroy();
        server.close();
      }
    });
  }
});
