import assert from "node:assert/strict";
import { describe, it } from "vitest";
import {
  COUNTERS,
  fakeContainer,
  fakeServer,
  netstatText,
  socketLine,
  TABLE_HEAD,
} from "../observe/fake-machine.ts";
import { FakeMachineFiles } from "../observe/fake-machine-files.ts";
import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import { examineMachine } from "./doctor-report.ts";
import { doctorText } from "./doctor-text.ts";
import { catalogueText } from "./system-text.ts";
import { paintFor, TEXT_COLUMNS } from "./text-layout.ts";

// Goal: the report as people see it. Method: made-up machines, well and not; the real one is in
// test/cli/doctor.test.ts.

const PLAIN = paintFor({ isTerminal: false, environment: {} });
const COLORED = paintFor({ isTerminal: true, environment: {} });

const textOf = (files: FakeMachineFiles, paint = PLAIN): string =>
  doctorText(examineMachine(files, 30), paint);

function sick(): FakeMachineFiles {
  const lines = Array.from({ length: 30 }, (_, index) => socketLine("08", { inode: index + 1 }));
  const files = fakeServer({
    "/proc/net/tcp": TABLE_HEAD + lines.join(""),
    "/proc/net/sockstat": "sockets: used 9\nTCP: inuse 9 orphan 131072 tw 1 alloc 9 mem 1\n",
    "/proc/net/netstat": netstatText({ ...COUNTERS, TCPAbortOnMemory: 123_456 }),
    "/proc/sys/net/ipv4/tcp_fin_timeout": "90\n",
    "/proc/sys/fs/file-max": "9223372036854775807\n",
  });
  files.texts.set("/proc/77/comm", "leaky\n");
  for (let inode = 1; inode <= 30; inode++) {
    files.links.set(`/proc/77/fd/${inode}`, `socket:[${inode}]`);
  }
  return files;
}

const MACHINES: readonly (readonly [name: string, machine: () => FakeMachineFiles])[] = [
  ["a server", fakeServer],
  ["a container", fakeContainer],
  ["a sick server", sick],
  ["macOS", () => new FakeMachineFiles({}, {}, "darwin")],
  ["Solaris or illumos", () => new FakeMachineFiles({}, {}, "sunos")],
  ["an unknown system", () => new FakeMachineFiles({}, {}, "haiku")],
];

describe("doctorText", () => {
  for (const [name, machine] of MACHINES) {
    it(`${name}: fits ${TEXT_COLUMNS} columns, without color unless it is wanted`, () => {
      const text = textOf(machine());
      for (const line of text.split("\n")) assert.ok(line.length <= TEXT_COLUMNS, line);
      assert.ok(!text.includes("\x1b"));
      assert.match(text, /[^\n]\n$/);
      const [plain, ...colored] = textOf(machine(), COLORED).split("\x1b[");
      assert.ok(colored.length > 0);
      assert.equal(plain + colored.map((part) => part.replace(/^\d+m/, "")).join(""), text);
    });
  }

  it("a server: the verdict comes first, and no findings", () => {
    const text = textOf(fakeServer());
    const verdict = "Nothing is urgent: of no limit more than 1 % is used.";
    assert.ok(text.startsWith(`finwait doctor on Linux 6.18.0\n\n${verdict}\n`));
    assert.doesNotMatch(text, /\nFindings\n/);
  });

  it("a sick server: what is urgent comes first, with why, what to do, and what it costs", () => {
    const text = textOf(sick());
    assert.match(text, /\n\nOne thing needs attention now: 100 % of net\.ipv4\.tcp_max_orphans/);
    const order = ["Now: 100 % of", "Soon: leaky (pid 77) has 30", "Soon: tcp_fin_timeout is 90"];
    const places = order.map((sentence) => text.indexOf(`  ${sentence}`));
    assert.ok(
      places.every((place, index) => place > (places[index - 1] ?? 0)),
      String(places),
    );
    assert.match(text, /\n {4}Why: {2}131,072 of 131,072\. At the limit the kernel resets/);
    assert.match(text, /\n {4}Do: {3}sysctl -w net\.ipv4\.tcp_max_orphans=262144\n/);
    assert.match(text, /\n {4}Cost: up to 296 MiB of kernel memory \(2,368 bytes each\)/);
  });

  it("limits: each with its use, its limit and the share", () => {
    const text = textOf(fakeServer());
    assert.match(
      text,
      /\n {2}tcp_max_tw_buckets {3}TIME-WAIT, orphan FIN-WAIT-2 +926 +131,072 +<1 %\n/,
    );
  });

  it("a limit of 64 bits: is unlimited", () => {
    assert.match(
      textOf(sick()),
      /\n {2}file-max +open files of the system +608 +unlimited +<1 %\n/,
    );
  });

  it("capacity: the rate, and how it is calculated", () => {
    const text = textOf(fakeServer());
    assert.match(text, /\n {2}closed by us; the peer never ends +2,184\/s\n/);
    const formula = "      tcp_max_tw_buckets / tcp_fin_timeout = 131,072 / 60 s = 2,184/s\n";
    assert.ok(text.includes(formula));
  });

  it("a container: what is unknown is a question mark, with the reason", () => {
    const text = textOf(fakeContainer());
    assert.match(text, /\n {2}nf_conntrack_max +tracked connections +\? +\? +\?\n/);
    assert.match(
      text,
      /\n {2}\?: \/proc\/sys\/net\/netfilter\/nf_conntrack_count cannot be read\n/,
    );
    assert.match(text, /not readable here; from finwait's measurements on Linux 6\.18/);
  });

  it("other systems: the entries of the catalogue, and nothing of Linux", () => {
    const text = textOf(new FakeMachineFiles({}, {}, "sunos"));
    assert.match(text, /^finwait doctor on sunos\n\nNothing could be read on this machine/);
    assert.match(text, /illumos OmniOS[\s\S]*_fin_wait_2_flush_interval[\s\S]*Solaris 11/);
    assert.doesNotMatch(text, /tcp_max_orphans/);
    const unknown = textOf(new FakeMachineFiles({}, {}, "haiku"));
    assert.match(unknown, /The catalogue does not know haiku/);
  });
});

describe("catalogueText", () => {
  it("every system: is there, within 80 columns, with its source", () => {
    const text = catalogueText();
    for (const { id, source } of SYSTEM_CATALOGUE) {
      assert.ok(text.includes(`(${id})`), id);
      assert.ok(text.replace(/\n +/g, " ").includes(source.document), id);
    }
    for (const line of text.split("\n")) assert.ok(line.length <= TEXT_COLUMNS, line);
  });

  it("SunOS 4: has no timeout, and says so", () => {
    assert.match(catalogueText(), /SunOS 4\.x \(sunos-4\)\n {4}FIN-WAIT-2, orphan: no timeout\n/);
  });
});
