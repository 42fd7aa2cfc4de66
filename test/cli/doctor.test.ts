import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, describe, it } from "vitest";
import type { DoctorReport } from "../../src/cli/doctor-report.ts";
import type { SettingName } from "../../src/observe/machine-places.ts";
import { within } from "../support/deadline.ts";
import { NAMESPACE_NOTE, runInNamespace } from "../support/namespace.ts";
import { KERNEL_NOTE } from "../support/socket-table.ts";

// Goal: what `finwait doctor` prints on this machine is what sysctl, ss, ulimit and /proc say.
// Method: the built command as a process of its own; settings are compared on this machine, numbers
// that move in a network namespace where nothing else moves them.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const SCENE = join(import.meta.dirname, "doctor-in-namespace.scene.ts");
const FULL_PROCESS = `
  for (let count = 0; count < 220; count += 1) require("node:fs").openSync("/dev/null");
  console.log("full");
  setInterval(() => {}, 60_000);
`;
const LEAKING_SERVER = `
  const server = require("node:net").createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on("end", () => process.stdout.write("e"));
  });
  server.listen(0, "127.0.0.1", () => process.stdout.write(server.address().port + " "));
`;
const LEAK_COUNT = 25;

function finwait(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const options = { encoding: "utf8", timeout: 15_000, env, maxBuffer: 1e8 } as const;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [MAIN, "doctor", ...args],
    options,
  );
  return { output: stdout, errors: stderr, exit: status };
}

function examine(): DoctorReport {
  const { output, errors, exit } = finwait(["--json"]);
  assert.equal(exit, 0, errors);
  return JSON.parse(output) as DoctorReport;
}

function shell(command: string, ...args: string[]): string {
  return spawnSync(command, args, { encoding: "utf8" }).stdout.trim();
}

/** Other processes of this machine may move a number between two looks, but not every time. */
const LOOKS = 5;

async function inOneOfSomeLooks(look: () => void | Promise<void>): Promise<void> {
  for (let left = LOOKS - 1; ; left--) {
    try {
      return await look();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** Where each setting comes from, for programs that are not ours. */
const SYSCTLS: { readonly [Name in SettingName]: readonly [name: string, column?: number] } = {
  finTimeoutSeconds: ["net.ipv4.tcp_fin_timeout"],
  orphanLimit: ["net.ipv4.tcp_max_orphans"],
  orphanRetryCount: ["net.ipv4.tcp_orphan_retries"],
  timeWaitLimit: ["net.ipv4.tcp_max_tw_buckets"],
  timeWaitReuse: ["net.ipv4.tcp_tw_reuse"],
  tcpMemoryLowPages: ["net.ipv4.tcp_mem", 0],
  tcpMemoryPressurePages: ["net.ipv4.tcp_mem", 1],
  tcpMemoryLimitPages: ["net.ipv4.tcp_mem", 2],
  synBacklogLimit: ["net.ipv4.tcp_max_syn_backlog"],
  acceptQueueLimit: ["net.core.somaxconn"],
  keepAliveIdleSeconds: ["net.ipv4.tcp_keepalive_time"],
  keepAliveIntervalSeconds: ["net.ipv4.tcp_keepalive_intvl"],
  keepAliveProbeCount: ["net.ipv4.tcp_keepalive_probes"],
  firstEphemeralPort: ["net.ipv4.ip_local_port_range", 0],
  lastEphemeralPort: ["net.ipv4.ip_local_port_range", 1],
  systemFileLimit: ["fs.file-max"],
  processFileLimit: ["fs.nr_open"],
  descriptorLimit: ["ulimit -Sn"],
  descriptorHardLimit: ["ulimit -Hn"],
  conntrackLimit: ["net.netfilter.nf_conntrack_max"],
  conntrackEstablishedSeconds: ["net.netfilter.nf_conntrack_tcp_timeout_established"],
  conntrackFinWaitSeconds: ["net.netfilter.nf_conntrack_tcp_timeout_fin_wait"],
  conntrackCloseWaitSeconds: ["net.netfilter.nf_conntrack_tcp_timeout_close_wait"],
  conntrackLastAckSeconds: ["net.netfilter.nf_conntrack_tcp_timeout_last_ack"],
  conntrackTimeWaitSeconds: ["net.netfilter.nf_conntrack_tcp_timeout_time_wait"],
};

/** What sysctl, or the shell, says; null if it says nothing or "unlimited". */
function settingOf(name: string, column: number): number | null {
  const text = name.startsWith("ulimit") ? shell("sh", "-c", name) : shell("sysctl", "-n", name);
  return /^\d/.test(text) ? Number(text.split(/\s+/)[column]) : null;
}

describe.skipIf(KERNEL_NOTE !== null)(`finwait doctor on this machine ${KERNEL_NOTE ?? ""}`, () => {
  it("settings: what sysctl and ulimit say", () => {
    const { settings } = examine().machine;
    const names = Object.keys(SYSCTLS) as SettingName[];
    assert.deepEqual(Object.keys(settings).sort(), [...names].sort());
    for (const name of names) {
      const [sysctl, column = 0] = SYSCTLS[name];
      assert.equal(settings[name].value, settingOf(sysctl, column), sysctl);
    }
  });

  it("memory, pages, ports: what /proc and getconf say", () => {
    const { memoryBytes, pageBytes, ephemeralPorts, uptimeSeconds } = examine().machine;
    const total = /MemTotal: +(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    assert.equal(memoryBytes.value, Number(total) * 1_024);
    assert.equal(pageBytes.value, Number(shell("getconf", "PAGESIZE")));
    const [first, last] = shell("sysctl", "-n", "net.ipv4.ip_local_port_range").split(/\s+/);
    if (shell("sysctl", "-n", "net.ipv4.ip_local_reserved_ports") === "") {
      assert.equal(ephemeralPorts.value, Number(last) - Number(first) + 1);
    }
    const since = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
    assert.ok(Math.abs(Number(uptimeSeconds.value) - since) < 30);
  });

  it("memory of a connection: sizes of /proc/slabinfo, or marked as of another kernel", () => {
    const { stateMemory } = examine().machine;
    const slabs = shell("sh", "-c", "cat /proc/slabinfo 2>/dev/null");
    const size = (name: string) => {
      const line = slabs.split("\n").find((each) => each.startsWith(`${name} `));
      return line === undefined ? null : Number(line.split(/\s+/)[3]);
    };
    for (const { parts, bytes, origin } of stateMemory) {
      if (origin === "measured-elsewhere") continue;
      const sizes = parts.split(" + ").map((part) => part.split(" "));
      for (const [name = "", value] of sizes) assert.equal(Number(value), size(name), name);
      assert.equal(
        bytes,
        sizes.reduce((sum, [, value]) => sum + Number(value), 0),
      );
    }
    assert.equal(stateMemory.length, 5);
  });

  it("limits: are the settings", () => {
    const { limits, machine } = examine();
    const limitOf = (id: string) => limits.find((limit) => limit.id === id);
    assert.equal(limitOf("orphans")?.limit.value, settingOf("net.ipv4.tcp_max_orphans", 0));
    assert.equal(limitOf("time-wait")?.limit.value, settingOf("net.ipv4.tcp_max_tw_buckets", 0));
    assert.equal(limitOf("tcp-memory")?.limit.value, settingOf("net.ipv4.tcp_mem", 2));
    assert.equal(limitOf("system-files")?.limit.value, settingOf("fs.file-max", 0));
    assert.equal(limitOf("accept-queue")?.limit.value, settingOf("net.core.somaxconn", 0));
    assert.equal(limitOf("ephemeral-ports")?.limit.value, machine.ephemeralPorts.value);
    const conntrack = settingOf("net.netfilter.nf_conntrack_max", 0);
    assert.equal(limitOf("conntrack")?.limit.value, conntrack);
  });

  it("the fullest process: is what /proc says of it", async () => {
    // One that is nearly full and keeps still: others open and close files all the time.
    const command = 'ulimit -n 256 && exec "$0" -e "$1"';
    const child = spawn("sh", ["-c", command, process.execPath, FULL_PROCESS]);
    try {
      await within(once(child.stdout, "data"), "a process that is nearly full");
      const fullest = examine().limits.find(({ id }) => id === "process-descriptors");
      assert.match(fullest?.use.source ?? "", new RegExp(`^/proc/${child.pid}/`));
      const folder = `/proc/${child.pid}`;
      const soft = /^Max open files +(\d+)/m.exec(readFileSync(`${folder}/limits`, "utf8"))?.[1];
      assert.equal(fullest?.limit.value, Number(soft));
      assert.equal(fullest.use.value, readdirSync(`${folder}/fd`).length);
    } finally {
      child.kill();
    }
  });

  it("capacity: the limits of sysctl, divided by their times", () => {
    const rates = new Map(examine().capacity.map(({ id, perSecond }) => [id, perSecond]));
    const timeWaits = Number(settingOf("net.ipv4.tcp_max_tw_buckets", 0));
    assert.equal(rates.get("time-wait"), timeWaits / 60);
    const finTimeout = Number(settingOf("net.ipv4.tcp_fin_timeout", 0));
    if (finTimeout <= 60) assert.equal(rates.get("orphan-fin-wait-2"), timeWaits / finTimeout);
    const descriptors = settingOf("ulimit -Sn", 0);
    if (descriptors !== null) assert.equal(rates.get("owned-fin-wait-2"), descriptors / 30);
    if (settingOf("net.ipv4.tcp_orphan_retries", 0) === 0) {
      const orphans = Number(settingOf("net.ipv4.tcp_max_orphans", 0));
      assert.equal(rates.get("orphan-fin-wait-1"), orphans / 106);
    }
  });

  it("for people: one page of text, the same verdict, exit code 0", () => {
    const { output, errors, exit } = finwait([]);
    assert.deepEqual([errors, exit], ["", 0]);
    assert.match(output, /^finwait doctor on Linux \d/);
    const timeWaits = Number(settingOf("net.ipv4.tcp_max_tw_buckets", 0)).toLocaleString("en-US");
    assert.match(output, new RegExp(`\n  tcp_max_tw_buckets .* ${timeWaits} `));
    for (const line of output.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("on a terminal: has color, and none with NO_COLOR", (ctx) => {
    const onTerminal = (env: NodeJS.ProcessEnv) => {
      const command = `"${process.execPath}" "${MAIN}" doctor`;
      return spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8", env });
    };
    const env = { ...process.env, TERM: "xterm", NO_COLOR: "" };
    const colored = onTerminal(env);
    if (colored.error !== undefined) return ctx.skip("needs the program script, for a terminal");
    assert.ok(colored.stdout.includes("\x1b[1m"));
    assert.ok(!onTerminal({ ...env, NO_COLOR: "1" }).stdout.includes("\x1b["));
  });
});

describe("finwait doctor --systems", () => {
  it("for people and as JSON: the whole catalogue, exit code 0", () => {
    const text = finwait(["--systems"]);
    assert.equal(text.exit, 0);
    const { systems } = JSON.parse(finwait(["--systems", "--json"]).output) as {
      systems: { id: string }[];
    };
    assert.ok(systems.length > 20);
    for (const { id } of systems) assert.ok(text.output.includes(`(${id})`), id);
  });
});

interface Observed {
  readonly sockstat: string;
  readonly sockstat6: string;
  readonly snmp: string;
  readonly netstat: string;
  readonly fileNr: string;
  /** `ss -s` and `ss -tanH`. */
  readonly summary: string;
  readonly sockets: string;
}

interface SceneResult {
  readonly pid: number;
  readonly port: number;
  readonly before: Observed;
  readonly report: DoctorReport;
  readonly after: Observed;
}

/** `TCP: … orphan 4 …` of sockstat. */
const inSockstat = (text: string, label: string, word: string): number =>
  Number(new RegExp(`^${label}:.*\\b${word} (\\d+)`, "m").exec(text)?.[1]);

/** Below its name, in snmp and netstat. */
function counterIn(text: string, name: string): number | null {
  const rows = text.split("\n").map((line) => line.split(" "));
  const head = rows.findIndex((row) => row.includes(name));
  return head < 0 ? null : Number(rows[head + 1]?.[rows[head]?.indexOf(name) ?? -1]);
}

describe("finwait doctor in a namespace", () => {
  it("use, states and counters: what ss and /proc say, one by one", async (ctx) => {
    const why = KERNEL_NOTE ?? NAMESPACE_NOTE;
    if (why !== null) return ctx.skip(why);
    const scene = (await runInNamespace(SCENE, [MAIN])) as SceneResult;
    checkUse(scene);
    checkStates(scene);
    const { machine } = scene.report;
    for (const [name, { value }] of Object.entries(machine.counters)) {
      const text = name === "OutRsts" ? scene.before.snmp : scene.before.netstat;
      assert.equal(value, counterIn(text, name), name);
    }
    checkFindings(scene);
  });

  it("sums over all namespaces: between a look before and one after", {
    timeout: 60_000,
  }, async (ctx) => {
    const why = KERNEL_NOTE ?? NAMESPACE_NOTE;
    if (why !== null) return ctx.skip(why);
    await inOneOfSomeLooks(async () => {
      checkSharedUse((await runInNamespace(SCENE, [MAIN])) as SceneResult);
    });
  });
});

function checkUse({ report, before }: SceneResult): void {
  const { use } = report.machine;
  const own = {
    socketCount: inSockstat(before.sockstat, "sockets", "used"),
    tcpCount: inSockstat(before.sockstat, "TCP", "inuse"),
    tcp6Count: inSockstat(before.sockstat6, "TCP6", "inuse"),
    timeWaitCount: inSockstat(before.sockstat, "TCP", "tw"),
    establishedCount: counterIn(before.snmp, "CurrEstab"),
  };
  for (const [name, value] of Object.entries(own)) {
    assert.equal(use[name as keyof typeof own].value, value, name);
  }
  assert.equal(use.timeWaitCount.value, Number(/timewait (\d+)/.exec(before.summary)?.[1]));
}

/** Each doctor has a few descriptors of its own. */
const OWN_FILE_COUNT = 50;

function checkSharedUse({ report, before, after }: SceneResult): void {
  const { use } = report.machine;
  const shared = {
    orphanCount: (text: Observed) => inSockstat(text.sockstat, "TCP", "orphan"),
    tcpAllocatedCount: (text: Observed) => inSockstat(text.sockstat, "TCP", "alloc"),
    tcpMemoryPages: (text: Observed) => inSockstat(text.sockstat, "TCP", "mem"),
    systemFileCount: (text: Observed) => Number(text.fileNr.split(/\s/)[0]),
  };
  for (const [name, read] of Object.entries(shared)) {
    const value = Number(use[name as keyof typeof shared].value);
    const bounds = [read(before), read(after)];
    const room = name === "systemFileCount" ? OWN_FILE_COUNT : 0;
    const isBetween = value >= Math.min(...bounds) && value <= Math.max(...bounds) + room;
    assert.ok(isBetween, `${name}: ${value}, not between ${bounds}`);
  }
}

function checkStates({ report, before, pid, port }: SceneResult): void {
  const bySs: Record<string, number> = {};
  for (const line of before.sockets.trim().split("\n")) {
    const state = (line.split(/\s+/)[0] ?? "").toLowerCase().replace("estab", "established");
    bySs[state] = (bySs[state] ?? 0) + 1;
  }
  assert.deepEqual(report.states, bySs);
  // Those that the scene made: 3 owned and 4 orphans, and the clients of both.
  const own = { established: 2, "fin-wait-2": 7, "close-wait": 7, "time-wait": 5, listen: 1 };
  assert.deepEqual(report.states, own);
  const { orphanCount, ownedCount } = report.finWait2;
  assert.deepEqual({ orphanCount, ownedCount }, { orphanCount: 4, ownedCount: 3 });
  const held = (list: DoctorReport["processes"]["closeWait"]) =>
    list.map(({ pid: holder, count }) => [holder, count]);
  assert.deepEqual(held(report.processes.closeWait), [[pid, 7]]);
  assert.deepEqual(held(report.processes.finWait2), [[pid, 3]]);
  const ports = report.limits.find(({ id }) => id === "ephemeral-ports");
  // All clients but those in TIME-WAIT, where the server is the one that waits.
  assert.equal(ports?.what, `ports towards 127.0.0.1:${port}`);
  assert.equal(ports?.use.value, 8);
}

function checkFindings({ report }: SceneResult): void {
  const quirk = report.findings.find(({ id }) => id === "fin-timeout-doubles");
  assert.deepEqual(quirk?.evidence, { tcpFinTimeoutSeconds: 65, lastsSeconds: 10 });
  assert.equal(report.finWait2.orphanSeconds, 10);
}

describe("a server that leaks", () => {
  const children: ChildProcess[] = [];
  const clients: Socket[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  it("CLOSE-WAIT: is named by pid, command and count", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const child = spawn(process.execPath, ["-e", LEAKING_SERVER]);
    children.push(child);
    let said = "";
    const ended = new Promise<void>((resolve) => {
      child.stdout.on("data", (text: Buffer) => {
        said += text.toString();
        const [, ends = ""] = said.split(" ");
        if (ends.length === LEAK_COUNT) resolve();
      });
    });
    await within(once(child.stdout, "data"), "the server to listen");
    for (let index = 0; index < LEAK_COUNT; index++) {
      clients.push(connect({ port: Number.parseInt(said, 10), host: "127.0.0.1" }).end());
    }
    await within(ended, "the server to see every end", () => said);
    const { findings, processes } = examine();
    const finding = findings.find(({ evidence }) => evidence.pid === child.pid);
    assert.equal(finding?.id, "close-wait-leak");
    assert.equal(finding.sentence, `node (pid ${child.pid}) has 25 sockets in CLOSE-WAIT`);
    const held = processes.closeWait.find(({ pid }) => pid === child.pid);
    assert.equal(held?.count, LEAK_COUNT);
    assert.equal(held.descriptorLimit, settingOf("ulimit -Sn", 0));
    const bySs = shell("sh", "-c", `ss -tanpH state close-wait | grep -c 'pid=${child.pid},'`);
    assert.equal(Number(bySs), LEAK_COUNT);
  });
});
