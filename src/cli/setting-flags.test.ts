import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { UsageError } from "./cli-error.ts";
import { originText, type SettingValue } from "./setting.ts";
import { settingOptions, settingsOfFlags } from "./setting-flags.ts";
import { SETTINGS } from "./setting-table.ts";

// Goal: every flag of the table arrives as its setting, and a flag that is not written as nothing.
// Method: commander parses real command lines with the options of the table.

function given(...args: string[]): Record<string, [SettingValue, string]> {
  const command = new Command("serve").argument("[root]");
  for (const option of settingOptions()) command.addOption(option);
  command.exitOverride().parse(args, { from: "user" });
  const settings = settingsOfFlags({ root: command.args[0], options: command.opts() });
  return Object.fromEntries(
    [...settings].map(([name, { value, origin }]) => [name, [value, originText(origin)]]),
  );
}

describe("settingsOfFlags", () => {
  it("an empty command line: says nothing, not even defaults", () => {
    expect(given()).toEqual({});
  });

  it.each<[string[], string, SettingValue, string]>([
    [["site"], "root", "site", "[root]"],
    [["-p", "0"], "port", 0, "--port"],
    [["--host", "::"], "host", "::", "--host"],
    [["--listing"], "static.listing", true, "--listing"],
    [["--no-listing"], "static.listing", false, "--no-listing"],
    [["--no-shipped-client-rules"], "shippedClientRules", false, "--no-shipped-client-rules"],
    [["--shipped-client-rules"], "shippedClientRules", true, "--shipped-client-rules"],
    [["--close", "so-linger"], "close.mode", "so-linger", "--close"],
    [["--learned-clients", "enforce"], "learnedClients.mode", "enforce", "--learned-clients"],
    [["--readiness-target", "/up"], "shutdown.readinessTarget", "/up", "--readiness-target"],
    [["--fin-wait2-timeout-ms", "7"], "close.finWait2TimeoutMs", 7, "--fin-wait2-timeout-ms"],
    [["--tls-cert", ""], "tls.cert", "", "--tls-cert"],
  ])("%j: is %s", (args, name, value, origin) => {
    expect(given(...args)).toEqual({ [name]: [value, origin] });
  });

  it.each(SETTINGS.filter(({ flag, type }) => flag?.startsWith("-") && type === "number"))(
    "$name: has its flag",
    (setting) => {
      const { name, flag } = setting;
      const value = setting.type === "number" ? setting.least : 0;
      const long = /--[\w-]+/.exec(flag ?? "")?.[0] ?? "";
      expect(given(long, `${value}`)).toEqual({ [name]: [value, long] });
    },
  );

  it.each([
    [["--port", "x"], 'Cannot use --port "x": expected an integer from 0 to 65535'],
    [["--port", "-1"], 'Cannot use --port "-1": expected an integer from 0 to 65535'],
    [["--port", "70000"], "Cannot use --port 70000: expected an integer from 0 to 65535"],
    [["--port", "1e3"], 'Cannot use --port "1e3": expected an integer from 0 to 65535'],
    [["--host", ""], 'Cannot use --host "": expected a string that is not empty'],
    [
      ["--header-timeout-ms", "0"],
      "Cannot use --header-timeout-ms 0: expected an integer from 1 to 86400000",
    ],
    [
      ["--close", "never"],
      'Cannot use --close "never": expected "lingering", "so-linger" or "off"',
    ],
    [["--persistence", "yes"], 'Cannot use --persistence "yes": expected "on" or "off"'],
    [[""], 'Cannot use [root] "": expected a string that is not empty'],
  ])("%j: %s", (args, sentence) => {
    expect(() => given(...args)).toThrow(new UsageError(sentence));
  });
});

describe("settingOptions", () => {
  it("--help: shows the useful way round of a switch, choices and defaults", () => {
    const command = new Command("serve");
    for (const option of settingOptions()) command.addOption(option);
    const help = command.helpInformation().replace(/ +/g, " ");
    expect(help).toContain("--listing list directories");
    expect(help).not.toContain("--no-listing");
    expect(help).toContain("--no-shipped-client-rules do not use the rules");
    expect(help).not.toContain(" --shipped-client-rules");
    expect(help).toMatch(
      /--access-log <format> .*\(common, combined, json, off;\s+default: common/,
    );
    expect(help).toContain("How connections end:");
  });
});
